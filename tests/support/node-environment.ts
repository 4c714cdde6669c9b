import { setTimeout as delay } from 'node:timers/promises';
import { runInThisContext } from 'node:vm';
import type { JestEnvironment, JestEnvironmentConfig } from '@jest/environment';
import { ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';
import { startCoverage, type Coverage } from './coverage.js';

/** Looks that closing sockets and children get before they count as left open. */
const LOOKS = 100;
const PAUSE_MS = 50;

/** Node goes on listing the last read of a Blob that `openAsBlob` has made; it keeps no process alive. */
const HARMLESS = 'FileHandleReadWrap';

/** Where Jest keeps the functions that follow the tests of a file. */
const EVENT_HANDLERS = Symbol.for('EVENT_HANDLERS');

/** Packages keep what they share for the life of a process under registered symbols. */
const isShared = (key: PropertyKey): boolean =>
  typeof key === 'symbol' && key !== EVENT_HANDLERS && Symbol.keyFor(key) !== undefined;

type Properties = ReadonlyMap<PropertyKey, PropertyDescriptor | undefined>;

const propertiesOf = (object: object): Properties =>
  new Map(Reflect.ownKeys(object).map((key) => [key, Reflect.getOwnPropertyDescriptor(object, key)]));

/** Gives an object the properties back that it had, and takes others away. */
function restore(object: object, properties: Properties): void {
  for (const key of Reflect.ownKeys(object))
    if (!properties.has(key) && !isShared(key)) Reflect.deleteProperty(object, key);
  for (const [key, before] of properties) {
    const now = Reflect.getOwnPropertyDescriptor(object, key);
    if (before && (now?.value !== before.value || now?.get !== before.get))
      Reflect.defineProperty(object, key, before);
  }
}

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
 * Test files run in Node's own realm, one after another in the same process, and share the modules that they import:
 * loading these again for each file, as Jest's sandbox does, takes more processor time than the tests of most files.
 * Globals and variables of the environment are put back after each file.
 *
 * A test file that leaves something open fails: Jest would kill its process at the end of the run, or the next file in
 * the same process would meet what is left. Without processes for tests (a single file) the reporter looks at the end:
 * the run's own database server lives in the same process there.
 */
export default class NodeEnvironment implements JestEnvironment {
  static readonly #globals = propertiesOf(globalThis);
  static readonly #exit = process.exit;
  static readonly #getBuiltinModule = process.getBuiltinModule;

  static {
    // At its end Node would take the heap of a long run apart, which on a busy machine takes longer than the half second
    // after which Jest kills a process and calls it a leak.
    process.once('beforeExit', () => process.exit());
  }

  readonly global = runInThisContext('globalThis') as JestEnvironment['global'];
  readonly moduleMocker = new ModuleMocker(globalThis);
  readonly fakeTimers = null;
  readonly fakeTimersModern: ModernFakeTimers;
  readonly #env = propertiesOf(process.env);
  #before: ReadonlyMap<string, number> = new Map();
  #coverage: Coverage | undefined;

  constructor({ projectConfig }: JestEnvironmentConfig) {
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
  }

  async setup(): Promise<void> {
    // Jest has replaced it by one that loads modules into a sandbox.
    process.getBuiltinModule = NodeEnvironment.#getBuiltinModule;
    const folder = process.env.INFERNODE_TEST_COVERAGE;
    if (folder) this.#coverage = await startCoverage(folder);
    this.#before = openResources();
  }

  handleTestEvent({ name }: { readonly name: string }): void {
    // Jest restores mocks next; fake timers would then bring a mock back that they have replaced.
    if (name === 'teardown') this.fakeTimersModern.useRealTimers();
  }

  async teardown(): Promise<void> {
    await this.#coverage?.stop();
    this.fakeTimersModern.dispose();
    restore(globalThis, NodeEnvironment.#globals);
    restore(process.env, this.#env);
    process.exit = NodeEnvironment.#exit;
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

  exportConditions(): string[] {
    return ['node', 'node-addons'];
  }

  /** There is no sandbox. */
  getVmContext(): null {
    return null;
  }
}
