/** A network that is loaded or being loaded, as sessions of this process or as separate processes. */
export interface CachedNetwork {
  /** Memory that it uses once open, in bytes. */
  readonly memoryBytes: number;
  open(): Promise<void>;
  close(): Promise<void>;
}

/** Limits of a `NetworkCache`. */
export interface NetworkCacheOptions {
  /** Maximum number of loaded networks; no limit by default. */
  readonly maxLoaded?: number;
  /** Memory budget of all networks together in bytes; a single network may exceed it. */
  readonly memoryBudgetBytes: number;
  /**
   * What happens when a load does not fit and all networks are in use. `wait`: the load waits, so that the
   * limits hold. `exceed`: it exceeds the limits until networks are released, so that a job that holds one
   * network can always load its next one.
   */
  readonly whenAllInUse: 'wait' | 'exceed';
  /** Milliseconds for which an invalid network is rejected without loading it again; 0 by default. */
  readonly refusedMs?: number;
}

/** The network to acquire and how to load it. */
export interface CacheRequest<Handle> {
  readonly id: string;
  readonly version: string;
  /** Digest that identifies the content of the version. */
  readonly build: string;
  /** Device and files, when one build can be loaded in several ways. */
  readonly variant?: string;
  /** Estimated memory of the load in bytes. */
  readonly expectedBytes: number;
  /** Creates the handle of a network that is not open yet. */
  create(): Handle;
  /** Maximum wait for memory and for opening; no limit by default. */
  readonly timeoutMs?: number;
  /** Whether to load a network even though it was rejected a moment ago. */
  readonly force?: boolean;
}

/** A lease on a network, which stays loaded until it is released. */
export interface CacheLease<Handle> {
  readonly handle: Handle;
  /**
   * Resolves when the network is open.
   * @throws AppError of opening, `NETWORKS_BUSY` (unavailable), `INFERENCE_TIMEOUT` (timeout)
   */
  opened(): Promise<void>;
  /** Idempotent. */
  release(): void;
}

/** Counters since the cache was created. */
export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
}
