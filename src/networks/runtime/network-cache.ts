import type { NetworkRef } from '../../domain/network.js';
import type {
  CacheCounts,
  CacheLease,
  CacheRequest,
  CachedNetwork,
  NetworkCacheOptions,
} from './cached-network.js';
import { networksBusy, networksClosing, RecentRefusals, stillOpening } from './network-refusals.js';

interface Entry<Handle> {
  readonly key: string;
  readonly request: CacheRequest<Handle>;
  readonly handle: Handle;
  /** `admitted` has its place and is being opened; `dropped` is closed with its last lease. */
  state: 'waiting' | 'admitted' | 'open' | 'failed' | 'dropped' | 'closed';
  opening: Promise<void> | null;
  leases: number;
  readonly whenClosed: (() => void)[];
}

/**
 * Which networks are in memory: one load for each however many ask, kept until its room is needed. The least recently used
 * network without a lease is unloaded first; one with a lease never is.
 */
export class NetworkCache<Handle extends CachedNetwork> {
  readonly #options: NetworkCacheOptions;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry<Handle>>();
  readonly #closing = new Set<Promise<void>>();
  readonly #refusals: RecentRefusals;
  #admission: Promise<unknown> = Promise.resolve();
  #releaseWaiters: (() => void)[] = [];
  #counts = { hits: 0, misses: 0, evictions: 0 };
  #closed = false;

  constructor(options: NetworkCacheOptions) {
    this.#options = options;
    this.#refusals = new RecentRefusals(options.refusedMs ?? 0);
  }

  /** A copy of the counters. */
  get counts(): CacheCounts {
    return { ...this.#counts };
  }

  /** Memory of the networks that are open. */
  get memoryBytes(): number {
    return this.list().reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  }

  /** Networks that are open, the most recently used one first. */
  list(): readonly Handle[] {
    return this.#open()
      .map(({ handle }) => handle)
      .reverse();
  }

  /** @throws AppError `SHUTTING_DOWN` (unavailable) after {@link close} */
  requireOpen(): void {
    if (this.#closed) throw networksClosing();
  }

  /**
   * The network, found or being loaded. Without awaiting, so that no load starts twice.
   * @throws AppError `SHUTTING_DOWN` (unavailable), and why the network was refused a moment ago
   */
  acquire(request: CacheRequest<Handle>): CacheLease<Handle> {
    this.requireOpen();
    const key = JSON.stringify([request.id, request.version, request.build, request.variant]);
    const known = this.#entries.get(key);
    if (known?.state === 'open') {
      this.#counts.hits += 1;
      this.#touch(known);
    }
    const entry = known ?? this.#load(key, request);
    entry.leases += 1;
    return this.#lease(entry, request.timeoutMs);
  }

  /** Closes a network, or all its versions, once it is open and released. @returns whether there was any */
  async unload(ref: NetworkRef): Promise<boolean> {
    const matching = (): Entry<Handle>[] =>
      [...this.#entries.values()].filter(({ request }) => isOf(request, ref));
    await Promise.allSettled(matching().flatMap(({ opening }) => opening ?? []));
    const open = matching().filter(({ state }) => state === 'open');
    await Promise.all(open.map((entry) => this.#drop(entry)));
    return open.length > 0;
  }

  /**
   * Closes every network, those in use when they are released; with `force` at once. Nothing can be acquired afterwards.
   * @returns when all that could be closed now is closed
   */
  async close({ force = false }: { readonly force?: boolean } = {}): Promise<void> {
    this.#closed = true;
    await Promise.allSettled([...this.#entries.values()].flatMap(({ opening }) => opening ?? []));
    for (const entry of [...this.#entries.values()]) {
      if (!force) void this.#drop(entry);
      else void this.#close(entry);
    }
    await Promise.all(this.#closing);
  }

  #load(key: string, request: CacheRequest<Handle>): Entry<Handle> {
    if (request.force !== true) this.#refusals.throwIfKnown(key);
    this.#counts.misses += 1;
    const entry: Entry<Handle> = {
      key,
      request,
      handle: request.create(),
      state: 'waiting',
      opening: null,
      leases: 0,
      whenClosed: [],
    };
    this.#entries.set(key, entry);
    entry.opening = this.#admitAndOpen(entry).finally(() => (entry.opening = null));
    // Those who asked for it may have given up by then.
    entry.opening.catch(() => undefined);
    return entry;
  }

  /** Room is made for one after the other, so that two cannot both take the last place; they are opened side by side. */
  async #admitAndOpen(entry: Entry<Handle>): Promise<void> {
    const admitted = this.#admission.then(() => this.#makeRoom(entry));
    this.#admission = admitted.catch(() => undefined);
    try {
      await admitted;
      await this.#dropOtherBuilds(entry);
      await entry.handle.open();
      entry.state = 'open';
      this.#touch(entry);
      this.#refusals.forget(entry.key);
      this.#trim();
    } catch (error) {
      entry.state = 'failed';
      this.#entries.delete(entry.key);
      this.#refusals.remember(entry.key, error);
      throw error;
    } finally {
      this.#wakeWaiters();
    }
  }

  async #makeRoom(entry: Entry<Handle>): Promise<void> {
    const { expectedBytes, timeoutMs = Infinity } = entry.request;
    const deadline = performance.now() + timeoutMs;
    while (this.#isFull(expectedBytes)) {
      const evicted = this.#evict();
      if (evicted) {
        await evicted;
        continue;
      }
      if (this.#options.whenAllInUse === 'exceed') break;
      const left = deadline - performance.now();
      if (left <= 0) throw networksBusy(this.#placesTaken().length);
      await this.#nextRelease(left);
    }
    entry.state = 'admitted';
  }

  /** Whether one network more would be too much. */
  #isFull(bytes: number): boolean {
    const { maxLoaded = Infinity, memoryBudgetBytes } = this.#options;
    const taken = this.#placesTaken();
    if (taken.length >= maxLoaded) return true;
    return taken.length > 0 && memoryOf(taken) + bytes > memoryBudgetBytes;
  }

  /** What exceeded the budget while it was in use goes when it is released. */
  #trim(): void {
    if (this.#options.whenAllInUse === 'wait') return;
    while (memoryOf(this.#placesTaken()) > this.#options.memoryBudgetBytes) if (!this.#evict()) return;
  }

  /** Unloads the least recently used network without a lease; undefined where there is none. */
  #evict(): Promise<void> | undefined {
    const idle = this.#open().find(({ leases }) => leases === 0);
    if (!idle) return undefined;
    this.#counts.evictions += 1;
    return this.#drop(idle);
  }

  /** Files that were replaced under the same id and version. */
  async #dropOtherBuilds({ request }: Entry<Handle>): Promise<void> {
    const stale = this.#open().filter(
      (other) => isOf(other.request, request) && other.request.build !== request.build,
    );
    const dropped = stale.map((entry) => this.#drop(entry));
    if (this.#options.whenAllInUse === 'wait') await Promise.all(dropped);
  }

  /** Takes a network out of the cache. @returns when it is closed: now, or when its last lease is released */
  #drop(entry: Entry<Handle>): Promise<void> {
    this.#entries.delete(entry.key);
    if (entry.leases === 0) return this.#close(entry);
    entry.state = 'dropped';
    return new Promise((resolve) => entry.whenClosed.push(resolve));
  }

  /** A failure to free memory must not fail the request that needed it. */
  #close(entry: Entry<Handle>): Promise<void> {
    this.#entries.delete(entry.key);
    entry.state = 'closed';
    const done = entry.handle
      .close()
      .catch(() => undefined)
      .finally(() => {
        this.#closing.delete(done);
        entry.whenClosed.forEach((resolve) => resolve());
      });
    this.#closing.add(done);
    return done;
  }

  #lease(entry: Entry<Handle>, timeoutMs: number | undefined): CacheLease<Handle> {
    const { opening, handle, request } = entry;
    let held = true;
    return {
      handle,
      opened: () => within(opening, request.id, timeoutMs),
      release: () => {
        if (held) this.#release(entry);
        held = false;
      },
    };
  }

  #release(entry: Entry<Handle>): void {
    entry.leases -= 1;
    if (entry.leases === 0 && entry.state === 'dropped') void this.#close(entry);
    this.#trim();
    this.#wakeWaiters();
  }

  #open(): Entry<Handle>[] {
    return [...this.#entries.values()].filter(({ state }) => state === 'open');
  }

  /** Networks that are open or have been given their place. */
  #placesTaken(): Entry<Handle>[] {
    return [...this.#entries.values()].filter(({ state }) => state !== 'waiting');
  }

  #touch(entry: Entry<Handle>): void {
    this.#entries.delete(entry.key);
    this.#entries.set(entry.key, entry);
  }

  #wakeWaiters(): void {
    const waiters = this.#releaseWaiters;
    this.#releaseWaiters = [];
    waiters.forEach((wake) => wake());
  }

  #nextRelease(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const late = timeoutMs === Infinity ? undefined : setTimeout(resolve, timeoutMs);
      this.#releaseWaiters.push(() => {
        clearTimeout(late);
        resolve();
      });
    });
  }
}

/** Whether a network is the one that is meant, in any version unless one is given. */
const isOf = (network: Required<NetworkRef>, { id, version }: NetworkRef): boolean =>
  network.id === id && (version === undefined || network.version === version);

const memoryOf = <Handle extends CachedNetwork>(entries: readonly Entry<Handle>[]): number =>
  entries.reduce(
    (sum, { state, handle, request }) =>
      sum + (state === 'open' ? handle.memoryBytes : request.expectedBytes),
    0,
  );

/** Waits for a load no longer than its request may take; the load itself goes on for others. */
async function within(ready: Promise<void> | null, id: string, timeoutMs: number | undefined): Promise<void> {
  if (!ready || timeoutMs === undefined) return ready ?? undefined;
  let late: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_resolve, reject) => {
    late = setTimeout(() => reject(stillOpening(id, timeoutMs)), timeoutMs);
  });
  try {
    await Promise.race([ready, overdue]);
  } finally {
    clearTimeout(late);
  }
}
