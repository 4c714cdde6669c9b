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
  /** `admitted` has a place and is being opened; `dropped` closes when its last lease is released. */
  state: 'waiting' | 'admitted' | 'open' | 'failed' | 'dropped' | 'closed';
  opening: Promise<void> | null;
  leases: number;
  readonly whenClosed: (() => void)[];
}

/**
 * Cache of loaded networks. Concurrent requests for a network share one load, and it stays loaded until its
 * memory is needed. The least recently used network without a lease is evicted first; one with a lease never
 * is.
 */
export class NetworkCache<Handle extends CachedNetwork> {
  readonly #options: NetworkCacheOptions;
  /** In order of last use. */
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

  /** Memory of the open networks in bytes. */
  get memoryBytes(): number {
    return this.list().reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  }

  /** Open networks, most recently used first. */
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
   * Acquires a network, loading it if necessary. Synchronous, so that a load is never started twice.
   * @throws AppError `SHUTTING_DOWN` (unavailable), and the error with which the network was rejected a
   *   moment ago
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

  /** Closes a network, or all its versions, once it is open and released. @returns whether any was loaded */
  async unload(ref: NetworkRef): Promise<boolean> {
    const matching = (): Entry<Handle>[] =>
      [...this.#entries.values()].filter(({ request }) => isOf(request, ref));
    await Promise.allSettled(matching().flatMap(({ opening }) => opening ?? []));
    const open = matching().filter(({ state }) => state === 'open');
    await Promise.all(open.map((entry) => this.#drop(entry)));
    return open.length > 0;
  }

  /**
   * Closes every network; those in use when they are released, or immediately with `force`. Nothing can be
   * acquired afterwards.
   * @returns when everything that can be closed now is closed
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
    // All requesters may have stopped waiting by then, so the rejection must not be unhandled.
    entry.opening.catch(() => undefined);
    return entry;
  }

  /**
   * Networks are admitted one by one, so that two cannot take the same last place, but are opened
   * concurrently.
   */
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

  /** Whether another network would exceed the limits. */
  #isFull(bytes: number): boolean {
    const { maxLoaded = Infinity, memoryBudgetBytes } = this.#options;
    const taken = this.#placesTaken();
    if (taken.length >= maxLoaded) return true;
    return taken.length > 0 && memoryOf(taken) + bytes > memoryBudgetBytes;
  }

  /** Evicts networks that exceeded the budget while they were in use, now that they are released. */
  #trim(): void {
    if (this.#options.whenAllInUse === 'wait') return;
    while (memoryOf(this.#placesTaken()) > this.#options.memoryBudgetBytes) if (!this.#evict()) return;
  }

  /** Evicts the least recently used network without a lease; undefined if there is none. */
  #evict(): Promise<void> | undefined {
    const idle = this.#open().find(({ leases }) => leases === 0);
    if (!idle) return undefined;
    this.#counts.evictions += 1;
    return this.#drop(idle);
  }

  /** Drops networks whose files were replaced under the same id and version. */
  async #dropOtherBuilds({ request }: Entry<Handle>): Promise<void> {
    const stale = this.#open().filter(
      (other) => isOf(other.request, request) && other.request.build !== request.build,
    );
    const dropped = stale.map((entry) => this.#drop(entry));
    if (this.#options.whenAllInUse === 'wait') await Promise.all(dropped);
  }

  /** Removes a network from the cache. @returns when it is closed: now, or when its last lease is released */
  #drop(entry: Entry<Handle>): Promise<void> {
    this.#entries.delete(entry.key);
    if (entry.leases === 0) return this.#close(entry);
    entry.state = 'dropped';
    return new Promise((resolve) => entry.whenClosed.push(resolve));
  }

  /** Closes a network. A failure to free memory must not fail the request that needed it. */
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

  /** Networks that are open or admitted. */
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

/** Whether `network` matches the id, and the version if one is given. */
const isOf = (network: Required<NetworkRef>, { id, version }: NetworkRef): boolean =>
  network.id === id && (version === undefined || network.version === version);

const memoryOf = <Handle extends CachedNetwork>(entries: readonly Entry<Handle>[]): number =>
  entries.reduce(
    (sum, { state, handle, request }) =>
      sum + (state === 'open' ? handle.memoryBytes : request.expectedBytes),
    0,
  );

/** Waits for a load no longer than the request allows; the load itself continues for others. */
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
