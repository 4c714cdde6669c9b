/** A compiled kernel as `kernels/build.mjs` writes it. */
export interface KernelBinary {
  /** Hash of the sources that it was made from. */
  readonly sources: string;
  readonly base64: string;
}

type KernelFunction = (...numbers: number[]) => number;

/**
 * A WebAssembly kernel with its own memory: loops over pixels and bits that JavaScript has no instructions for.
 * Views of its memory hold until the next call that may take more memory; what is kept is copied out.
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

  /** Calls one of the kernel's functions; those without a result give 0. */
  call(name: Name, ...numbers: number[]): number {
    return (this.#exports[name] as KernelFunction)(...numbers) ?? 0;
  }

  /** Memory from an address on, as bytes. */
  bytesAt(address: number, length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, address, length);
  }

  /** As {@link bytesAt}, as whole numbers. */
  integersAt(address: number, length: number): Int32Array {
    return new Int32Array(this.#memory.buffer, address, length);
  }

  /** As {@link bytesAt}, as real numbers. */
  floatsAt(address: number, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, address, length);
  }
}
