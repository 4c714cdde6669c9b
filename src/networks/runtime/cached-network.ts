/** A network in memory, or on its way there: sessions of this process, or processes of its own. */
export interface CachedNetwork {
  /** Memory that it takes once it is open, in bytes. */
  readonly memoryBytes: number;
  open(): Promise<void>;
  close(): Promise<void>;
}

/** Limits of a `NetworkCache`. */
export interface NetworkCacheOptions {
  /** Networks in memory at most; no limit unless given. */
  readonly maxLoaded?: number;
  /** Memory of all networks together; a single one is loaded whatever it takes. */
  readonly memoryBudgetBytes: number;
  /**
   * What a load does that does not fit while all networks are in use: it waits, so that the limits hold, or it exceeds them
   * until networks are released, so that a job that holds one network can always load its next one.
   */
  readonly whenAllInUse: 'wait' | 'exceed';
  /** Milliseconds for which a network that is invalid is refused without another load; 0 unless given. */
  readonly refusedMs?: number;
}

/** Which network, and how it is loaded. */
export interface CacheRequest<Handle> {
  readonly id: string;
  readonly version: string;
  /** Digest that identifies a build of the version. */
  readonly build: string;
  /** Device and files, where one build can be in memory in several ways. */
  readonly variant?: string;
  /** Memory that the load is expected to take. */
  readonly expectedBytes: number;
  /** A network that is not open yet. */
  create(): Handle;
  /** How long the room for it and its opening are waited for; no limit unless given. */
  readonly timeoutMs?: number;
  /** Loads a network although it was refused a moment ago. */
  readonly force?: boolean;
}

/** A use of a network, which stays in memory until it is released. */
export interface CacheLease<Handle> {
  readonly handle: Handle;
  /**
   * Resolves when the network is open.
   * @throws AppError what opening throws, `NETWORKS_BUSY` (unavailable), `INFERENCE_TIMEOUT` (timeout)
   */
  opened(): Promise<void>;
  /** Safe to call twice. */
  release(): void;
}

/** What a cache did since it was made. */
export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
}
