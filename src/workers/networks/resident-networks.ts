import type { NetworkRef, NetworkSource } from '../../domain/network.js';
import { AppError } from '../../errors/app-error.js';
import { inferenceTimeout } from './network-engine-process.js';
import type { NetworkGroup } from './network-group.js';

/** How many networks may be in memory, and how they come there. */
export interface ResidentNetworksOptions {
  /** Networks in memory at most. */
  readonly maxLoaded: number;
  /** Resident memory of all engines together; networks out of use go first when it is exceeded. */
  readonly memoryBudgetBytes: number;
  /** Milliseconds after which an unload looks again whether the network is still in use. */
  readonly patienceMs: number;
  /** A group of engines that is not open yet. */
  create(source: NetworkSource): NetworkGroup;
}

/** What {@link ResidentNetworks} did since the start. */
export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
}

/** A Node process with runtime and image library, before any network; what a load is expected to take at least. */
const ENGINE_BASE_BYTES = 100 * 2 ** 20;
/** Weights are read, then packed for the device. */
const WEIGHT_COPIES = 2;

/** Which networks are in memory: each is opened once, and the one that was used longest ago makes room for another. */
export class ResidentNetworks {
  readonly #options: ResidentNetworksOptions;
  /** By identity, in the order of their last use: the first one goes first. */
  readonly #groups = new Map<string, NetworkGroup>();
  readonly #opening = new Map<string, OpeningGroup>();
  #admission: Promise<unknown> = Promise.resolve();
  #idleWaiters: (() => void)[] = [];
  #cache = { hits: 0, misses: 0, evictions: 0 };
  #closed = false;

  constructor(options: ResidentNetworksOptions) {
    this.#options = options;
  }

  /** Copies of the counters. */
  get cache(): CacheCounts {
    return { ...this.#cache };
  }

  /** Resident memory of all engines. */
  get rssBytes(): number {
    return [...this.#groups.values()].reduce((sum, { rssBytes }) => sum + rssBytes, 0);
  }

  /** Groups that are open, the one used last first. */
  list(): readonly NetworkGroup[] {
    return [...this.#groups.values()].reverse();
  }

  /** @throws AppError `SHUTTING_DOWN` (unavailable) after {@link close} */
  requireOpen(): void {
    if (this.#closed) throw shuttingDown();
  }

  /**
   * Does something with a network, opened if need be; nothing pushes it out of memory meanwhile.
   * @param timeoutMs how long its opening may be waited for
   * @throws AppError what its opening throws, `NETWORKS_BUSY` or `QUEUE_FULL` (unavailable), `INFERENCE_TIMEOUT`
   */
  async use<Value>(
    source: NetworkSource,
    timeoutMs: number,
    work: (group: NetworkGroup) => Promise<Value>,
  ): Promise<Value> {
    const { group, ready } = this.#groupOf(source, timeoutMs);
    try {
      return await group.use(async () => {
        if (ready) await within(ready, timeoutMs);
        return work(group);
      });
    } finally {
      this.#wakeIdle();
    }
  }

  /** Closes a network, or all its versions, once nobody uses it. @returns whether there was any */
  async unload(ref: NetworkRef): Promise<boolean> {
    const groups = [...this.#groups].filter(
      ([, { source }]) =>
        source.network.id === ref.id && (ref.version === undefined || source.network.version === ref.version),
    );
    for (const [key, group] of groups) {
      this.#groups.delete(key);
      await this.#whenIdle(group);
      await group.close();
    }
    return groups.length > 0;
  }

  /** Ends all engines and waits until they are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled([...this.#opening.values()].map(({ ready }) => ready));
    const groups = [...this.#groups.values()];
    this.#groups.clear();
    await Promise.all(groups.map((group) => group.close()));
  }

  /** The group of a network, found or being opened. Without awaiting, so that no network is opened twice. */
  #groupOf(source: NetworkSource, timeoutMs: number): FoundGroup {
    const key = keyOf(source);
    const known = this.#groups.get(key);
    if (known) {
      this.#groups.delete(key);
      this.#groups.set(key, known);
      this.#cache.hits += 1;
      return { group: known, ready: null };
    }
    const opening = this.#opening.get(key);
    if (opening) return opening;
    this.#cache.misses += 1;
    const group = this.#options.create(source);
    const ready = this.#admit(group, key, timeoutMs).finally(() => this.#opening.delete(key));
    // Whoever asked may have given up by then.
    ready.catch(() => undefined);
    this.#opening.set(key, { group, ready });
    return { group, ready };
  }

  /** One network is let in at a time, so that two loads cannot both take the last place. */
  #admit(group: NetworkGroup, key: string, timeoutMs: number): Promise<void> {
    const admitted = this.#admission.then(async () => {
      await this.#dropOtherBuilds(group.source, key);
      await this.#makeRoom(group.source, timeoutMs);
      await group.open();
      this.#groups.set(key, group);
    });
    this.#admission = admitted.catch(() => undefined);
    return admitted;
  }

  /** A file that was replaced under the same id and version. */
  async #dropOtherBuilds({ network }: NetworkSource, key: string): Promise<void> {
    for (const [other, { source }] of this.#groups) {
      const same = source.network.id === network.id && source.network.version === network.version;
      if (same && other !== key) await this.unload({ id: network.id, version: network.version });
    }
  }

  async #makeRoom({ network }: NetworkSource, timeoutMs: number): Promise<void> {
    const { maxLoaded, memoryBudgetBytes } = this.#options;
    const expected = ENGINE_BASE_BYTES + WEIGHT_COPIES * network.bytes;
    const deadline = performance.now() + timeoutMs;
    const full = (): boolean =>
      this.#groups.size >= maxLoaded ||
      (this.#groups.size > 0 && this.rssBytes + expected > memoryBudgetBytes);
    while (full()) {
      const idle = [...this.#groups].find(([, group]) => group.inFlight === 0);
      if (idle) {
        this.#groups.delete(idle[0]);
        this.#cache.evictions += 1;
        await idle[1].close();
      } else {
        const left = deadline - performance.now();
        if (left <= 0) throw networksBusy(this.#groups.size);
        await this.#nextIdle(left);
      }
    }
  }

  #wakeIdle(): void {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    waiters.forEach((wake) => wake());
  }

  #nextIdle(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const late = setTimeout(resolve, timeoutMs);
      this.#idleWaiters.push(() => {
        clearTimeout(late);
        resolve();
      });
    });
  }

  async #whenIdle(group: NetworkGroup): Promise<void> {
    while (group.inFlight > 0) await this.#nextIdle(this.#options.patienceMs);
  }
}

/** A group with the moment from which it can be used; null for one that is there. */
interface FoundGroup {
  readonly group: NetworkGroup;
  readonly ready: Promise<void> | null;
}

/** One that is not there yet. */
interface OpeningGroup extends FoundGroup {
  readonly ready: Promise<void>;
}

const keys = new WeakMap<object, string>();

/** What tells one build of a network from another: its files and everything its manifest says. */
function keyOf({ network }: NetworkSource): string {
  const known = keys.get(network);
  if (known !== undefined) return known;
  const key = JSON.stringify([network.id, network.version, network.sha256, network.manifest]);
  keys.set(network, key);
  return key;
}

/** Waits for a load no longer than its request may take; the load itself goes on for others. */
async function within(ready: Promise<void>, timeoutMs: number): Promise<void> {
  let late: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_resolve, reject) => {
    late = setTimeout(() => reject(inferenceTimeout(timeoutMs)), timeoutMs);
  });
  try {
    await Promise.race([ready, overdue]);
  } finally {
    clearTimeout(late);
  }
}

const networksBusy = (count: number): AppError =>
  new AppError({
    code: 'NETWORKS_BUSY',
    kind: 'unavailable',
    message: `All ${String(count)} networks in memory are in use, so that no other can be loaded now.`,
    retryAfterSeconds: 2,
  });

const shuttingDown = (): AppError =>
  new AppError({ code: 'SHUTTING_DOWN', kind: 'unavailable', message: 'The networks are being closed.' });
