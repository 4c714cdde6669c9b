/** A compiled kernel as `kernels/build.mjs` writes it. */
export interface KernelBinary {
  /** Hash of the sources that it was compiled from. */
  readonly sources: string;
  readonly base64: string;
}

type KernelFunction = (...numbers: number[]) => number;

/**
 * A WebAssembly kernel with its own memory, for pixel and bit loops that need SIMD instructions. A view of its memory
 * is valid only until the next call that may grow the memory; copy what must be kept.
 */
export class Kernel<Name extends string> {
  readonly #memory: WebAssembly.Memory;
  readonly #exports: Readonly<Record<string, unknown>>;

  /** Compiles the kernel, which takes a few milliseconds. */
  constructor({ base64 }: KernelBinary) {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(base64, 'base64')));
    this.#exports = exports;
    this.#memory = exports.memory as WebAssembly.Memory;
  }

  /** Calls an exported function; returns 0 for functions without a result. */
  call(name: Name, ...numbers: number[]): number {
    return (this.#exports[name] as KernelFunction)(...numbers) ?? 0;
  }

  /** View of `length` bytes of memory from an address. */
  bytesAt(address: number, length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, address, length);
  }

  /** View of `length` 32-bit integers. */
  integersAt(address: number, length: number): Int32Array {
    return new Int32Array(this.#memory.buffer, address, length);
  }

  /** View of `length` 32-bit floats. */
  floatsAt(address: number, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, address, length);
  }

  /** View of `length` 64-bit floats. */
  doublesAt(address: number, length: number): Float64Array {
    return new Float64Array(this.#memory.buffer, address, length);
  }
}
