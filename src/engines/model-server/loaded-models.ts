import type { NetworkRef, NetworkSource } from '../../domain/network.js';
import { AppError } from '../../errors/app-error.js';
import type { Replicas } from './replicas.js';

/** How many networks may be in memory, and how they come there. */
export interface LoadedModelsOptions {
  /** Networks in memory at most. */
  readonly maxLoaded: number;
  /** Resident memory of all engines together; networks out of use go first when it is exceeded. */
  readonly memoryBudgetBytes: number;
  /** Milliseconds after which an unload looks again whether the network is still in use. */
  readonly idleTimeoutMs: number;
  /** A group of engines that is not open yet. */
  create(source: NetworkSource): Replicas;
}

/** What {@link LoadedModels} did since the start. */
export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
}

/** A Node process with runtime and image library, before any network; what a load is expected to take at least. */
const ENGINE_BASE_BYTES = 100 * 2 ** 20;
/** Weights are read, then packed for the device. */
const WEIGHT_COPIES = 2;
/** How long the reason why a network cannot be opened is told again without another try. */
const REFUSED_MS = 30_000;

/** Which networks are in memory: each is opened once, and the one that was used longest ago makes room for another. */
export class LoadedModels {
  readonly #options: LoadedModelsOptions;
  /** By identity, in the order of their last use: the first one goes first. */
  readonly #groups = new Map<string, Replicas>();
  readonly #opening = new Map<string, OpeningGroup>();
  /** What those that were let in and are not open yet are expected to take, in bytes. */
  readonly #expected = new Map<string, number>();
  /** Why networks could not be opened lately. */
  readonly #refused = new Map<string, { readonly error: AppError; readonly until: number }>();
  #admission: Promise<unknown> = Promise.resolve();
  #idleWaiters: (() => void)[] = [];
  #cache = { hits: 0, misses: 0, evictions: 0 };
  #closed = false;

  constructor(options: LoadedModelsOptions) {
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
  list(): readonly Replicas[] {
    return [...this.#groups.values()].reverse();
  }

  /** @throws AppError `SHUTTING_DOWN` (unavailable) after {@link close} */
  requireOpen(): void {
    if (this.#closed) throw shuttingDown();
  }

  /**
   * Does something with a network, opened if need be; nothing pushes it out of memory meanwhile.
   * @throws AppError what its opening throws, `NETWORKS_BUSY` or `QUEUE_FULL` (unavailable), `INFERENCE_TIMEOUT`
   */
  async use<Value>(
    source: NetworkSource,
    { timeoutMs, anew = false }: UseOptions,
    work: (group: Replicas) => Promise<Value>,
  ): Promise<Value> {
    const { group, ready } = this.#groupOf(source, { timeoutMs, anew });
    try {
      return await group.use(async () => {
        if (ready) await within(ready, group, timeoutMs);
        return work(group);
      });
    } finally {
      this.#wakeIdle();
    }
  }

  /** Closes a network, or all its versions, once it is open and nobody uses it. @returns whether there was any */
  async unload(ref: NetworkRef): Promise<boolean> {
    const opening = [...this.#opening.values()].filter(({ group }) => isOf(group, ref));
    await Promise.allSettled(opening.map(({ ready }) => ready));
    const groups = [...this.#groups].filter(([, group]) => isOf(group, ref));
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
  #groupOf(source: NetworkSource, { timeoutMs, anew }: Required<UseOptions>): FoundGroup {
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
    if (!anew) this.#throwIfRefused(key);
    this.#cache.misses += 1;
    const group = this.#options.create(source);
    const ready = this.#open(group, key, timeoutMs).finally(() => this.#opening.delete(key));
    // The caller may have given up by then.
    ready.catch(() => undefined);
    this.#opening.set(key, { group, ready });
    return { group, ready };
  }

  /** Places are given one after the other, so that two networks cannot both take the last one; opening goes side by side. */
  async #open(group: Replicas, key: string, timeoutMs: number): Promise<void> {
    const admitted = this.#admission.then(() => this.#makeRoom(group.source, key, timeoutMs));
    this.#admission = admitted.catch(() => undefined);
    await admitted;
    try {
      await this.#dropOtherBuilds(group.source, key);
      await group.open();
      this.#refused.delete(key);
      this.#groups.set(key, group);
    } catch (error) {
      this.#remember(key, error);
      throw error;
    } finally {
      this.#expected.delete(key);
      this.#wakeIdle();
    }
  }

  /** What is wrong with the network itself stays wrong; a minute of computing it again for each request helps nobody. */
  #remember(key: string, error: unknown): void {
    if (!(error instanceof AppError) || error.kind !== 'invalid') return;
    const now = performance.now();
    for (const [other, { until }] of this.#refused) if (until <= now) this.#refused.delete(other);
    this.#refused.set(key, { error, until: now + REFUSED_MS });
  }

  #throwIfRefused(key: string): void {
    const known = this.#refused.get(key);
    if (known && known.until > performance.now()) throw known.error;
  }

  /** A file that was replaced under the same id and version. */
  async #dropOtherBuilds({ network }: NetworkSource, key: string): Promise<void> {
    for (const [other, group] of [...this.#groups]) {
      if (other === key || !isOf(group, network)) continue;
      this.#groups.delete(other);
      await this.#whenIdle(group);
      await group.close();
    }
  }

  /** Waits until the network fits, and takes its place. */
  async #makeRoom({ network }: NetworkSource, key: string, timeoutMs: number): Promise<void> {
    const expected = ENGINE_BASE_BYTES + WEIGHT_COPIES * network.bytes;
    const deadline = performance.now() + timeoutMs;
    while (this.#isFull(expected)) {
      const idle = [...this.#groups].find(([, group]) => group.inFlight === 0);
      if (idle) {
        this.#groups.delete(idle[0]);
        this.#cache.evictions += 1;
        await idle[1].close();
      } else {
        const left = deadline - performance.now();
        if (left <= 0) throw networksBusy(this.#groups.size + this.#expected.size);
        await this.#nextIdle(left);
      }
    }
    this.#expected.set(key, expected);
  }

  /** Whether a network more would be too much; a single one is let in whatever it takes. */
  #isFull(bytes: number): boolean {
    const { maxLoaded, memoryBudgetBytes } = this.#options;
    const count = this.#groups.size + this.#expected.size;
    const promised = [...this.#expected.values()].reduce((sum, one) => sum + one, 0);
    return count >= maxLoaded || (count > 0 && this.rssBytes + promised + bytes > memoryBudgetBytes);
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

  async #whenIdle(group: Replicas): Promise<void> {
    while (group.inFlight > 0) await this.#nextIdle(this.#options.idleTimeoutMs);
  }
}

/** How a network is asked for. */
export interface UseOptions {
  /** How long its opening may be waited for. */
  readonly timeoutMs: number;
  /** Whether one that could not be opened a moment ago is tried again at once. */
  readonly anew?: boolean;
}

/** A group with the moment from which it can be used; null for one that is there. */
interface FoundGroup {
  readonly group: Replicas;
  readonly ready: Promise<void> | null;
}

/** One that is not there yet. */
interface OpeningGroup extends FoundGroup {
  readonly ready: Promise<void>;
}

/** Whether a group is of a network, in any version unless one is given. */
const isOf = ({ source: { network } }: Replicas, { id, version }: NetworkRef): boolean =>
  network.id === id && (version === undefined || network.version === version);

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
async function within(ready: Promise<void>, { source }: Replicas, timeoutMs: number): Promise<void> {
  let late: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_resolve, reject) => {
    late = setTimeout(() => reject(stillOpening(source.network.id, timeoutMs)), timeoutMs);
  });
  try {
    await Promise.race([ready, overdue]);
  } finally {
    clearTimeout(late);
  }
}

const stillOpening = (id: string, limitMs: number): AppError =>
  new AppError('INFERENCE_TIMEOUT', {
    message: `Network ${id} was not open within the limit of ${String(Math.round(limitMs))} ms; it goes on being opened for later requests.`,
    details: { network: id, limitMs },
  });

const networksBusy = (count: number): AppError =>
  new AppError('NETWORKS_BUSY', {
    message: `All ${String(count)} networks in memory are in use, so that no other can be loaded now.`,
    retryAfterSeconds: 2,
  });

const shuttingDown = (): AppError =>
  new AppError('SHUTTING_DOWN', { message: 'The networks are being closed.' });
