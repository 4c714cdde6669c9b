import { TestEnvironment } from 'jest-environment-node';
import { startCoverage, type Coverage } from './coverage.js';

/**
 * Jest's sandbox has its own realm, whose typed arrays native add-ons (ONNX
 * Runtime) do not accept; the outer realm's constructors are handed in.
 */
export default class NodeEnvironment extends TestEnvironment {
  #coverage: Coverage | undefined;

  override async setup(): Promise<void> {
    await super.setup();
    const folder = process.env.INFERNODE_TEST_COVERAGE;
    if (folder) this.#coverage = await startCoverage(folder);
    Object.assign(this.global, {
      Float32Array,
      Float64Array,
      Int8Array,
      Int16Array,
      Int32Array,
      Uint8Array,
      Uint8ClampedArray,
      Uint16Array,
      Uint32Array,
      BigInt64Array,
      BigUint64Array,
      ArrayBuffer,
      SharedArrayBuffer,
    });
  }

  override async teardown(): Promise<void> {
    await this.#coverage?.stop();
    await super.teardown();
  }
}
