import { setTimeout as delay } from 'node:timers/promises';
import { runInContext } from 'node:vm';
import { TestEnvironment } from 'jest-environment-node';
import { startCoverage, type Coverage } from './coverage.js';

/** Looks that closing sockets and children get before they count as left open. */
const LOOKS = 100;
const PAUSE_MS = 50;

/** Node goes on listing the last read of a Blob that `openAsBlob` has made; it keeps no process alive. */
const HARMLESS = 'FileHandleReadWrap';

/** Globals that no test replaces. */
const PLAIN_GLOBALS =
  'Array ArrayBuffer Atomics BigInt BigInt64Array BigUint64Array Boolean Buffer DataView Error Float32Array Float64Array Int16Array Int32Array Int8Array JSON Map Math Number Object Promise RangeError Reflect RegExp Set SharedArrayBuffer String Symbol TypeError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakSet'.split(
    ' ',
  );

/** How many of each kind keep this process from exiting: sockets, children, timers, threads. */
function openResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** What is open beyond `before`, as words; empty when nothing is. */
function beyond(before: ReadonlyMap<string, number>): string[] {
  return [...openResources()]
    .map(([kind, count]) => ({ kind, more: count - (before.get(kind) ?? 0) }))
    .filter(({ kind, more }) => more > 0 && kind !== HARMLESS)
    .map(({ kind, more }) => `${more} ${kind}`);
}

/**
 * Jest's sandbox has its own realm, whose typed arrays native add-ons (ONNX
 * Runtime) do not accept; the outer realm's constructors are handed in.
 *
 * A test file that leaves something open fails: Jest would kill its process at the end of the run, or the next file in
 * the same process would meet what is left. Without processes for tests (a single file) the reporter looks at the end:
 * the run's own database server lives in the same process there.
 */
export default class NodeEnvironment extends TestEnvironment {
  static {
    // At its end Node would take the heap of a long run apart, which on a busy machine takes longer than the half second
    // after which Jest kills a process and calls it a leak.
    process.once('beforeExit', () => process.exit());
  }

  #before: ReadonlyMap<string, number> = new Map();
  #coverage: Coverage | undefined;

  override async setup(): Promise<void> {
    await super.setup();
    const folder = process.env.INFERNODE_TEST_COVERAGE;
    if (folder) this.#coverage = await startCoverage(folder);
    this.#before = openResources();
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
    // A global of a sandbox is looked up through a JavaScript proxy each time, which makes loops over pixels some thirty times
    // slower than outside of Jest. Lexical declarations of the sandbox are found before its globals, and at full speed.
    const context = this.getVmContext();
    if (context !== null) runInContext(`const { ${PLAIN_GLOBALS.join(', ')} } = globalThis;`, context);
  }

  override async teardown(): Promise<void> {
    await this.#coverage?.stop();
    await super.teardown();
    if (process.send === undefined) return;
    let left = beyond(this.#before);
    for (let look = 0; left.length > 0 && look < LOOKS; look += 1) {
      await delay(PAUSE_MS);
      left = beyond(this.#before);
    }
    if (left.length > 0)
      throw new Error(
        `Left open after the last test: ${left.join(', ')}. Close it in afterAll or afterEach; ` +
          '"npm test -- <path> --detectOpenHandles" shows where it was opened.',
      );
  }
}
