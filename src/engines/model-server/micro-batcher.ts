/** Work that waits for a batch. */
export interface BatchItem {
  readonly id: number;
  /** Whether it may share a batch. */
  readonly joinable: boolean;
}

/** How images are batched. */
export interface MicroBatcherOptions<Item extends BatchItem> {
  readonly maxBatch: number;
  /** Milliseconds that the first image waits for others that are being decoded. */
  readonly maxDelayMs: number;
  /** Runs one batch; must not reject. */
  run(batch: readonly Item[]): Promise<void>;
}

/**
 * Longest duration of a batch in milliseconds, since later requests wait for its end. Networks that take long for a
 * single image gain nothing from larger batches.
 */
const LONGEST_BATCH_MS = 100;
/** Weight of the newest batch in the latency average. */
const NEWEST = 0.3;

/**
 * Batches images for one network: a batch starts when it is full, when no other image is being decoded, or when the oldest
 * has waited long enough. A single client therefore never waits. One batch runs at a time.
 */
export class MicroBatcher<Item extends BatchItem> {
  readonly #options: MicroBatcherOptions<Item>;
  #waiting: Item[] = [];
  /** Images that are being decoded. */
  #coming = 0;
  #running = false;
  /** Average milliseconds of an image; 0 until the first batch. */
  #averageMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #overdue = false;

  constructor(options: MicroBatcherOptions<Item>) {
    this.#options = options;
  }

  /** Announces an item that will come by {@link add} or be given up by {@link drop}. */
  expect(): void {
    this.#coming += 1;
  }

  /** The announced item is there. */
  add(item: Item): void {
    this.#coming -= 1;
    this.#waiting.push(item);
    this.#pump();
  }

  /** An announced item will not come. */
  drop(): void {
    this.#coming -= 1;
    this.#pump();
  }

  /** Takes a waiting item out; false when it is not waiting here (any more). */
  cancel(id: number): boolean {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((item) => item.id !== id);
    return this.#waiting.length < before;
  }

  #pump(): void {
    if (this.#running || this.#waiting.length === 0) return;
    const { maxDelayMs } = this.#options;
    const full = this.#waiting.length >= this.#limit() || !this.#waiting[0].joinable;
    if (full || this.#coming === 0 || this.#overdue || maxDelayMs === 0) {
      void this.#start();
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.#overdue = true;
      this.#timer = undefined;
      this.#pump();
    }, maxDelayMs);
  }

  async #start(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#overdue = false;
    this.#running = true;
    const batch = this.#take();
    const startedAt = performance.now();
    await this.#options.run(batch);
    const latency = (performance.now() - startedAt) / batch.length;
    this.#averageMs = this.#averageMs === 0 ? latency : NEWEST * latency + (1 - NEWEST) * this.#averageMs;
    this.#running = false;
    this.#pump();
  }

  /** Images of a batch: as many as the network takes, and as it is done with soon. */
  #limit(): number {
    const soon = this.#averageMs === 0 ? Infinity : Math.floor(LONGEST_BATCH_MS / this.#averageMs);
    return Math.max(1, Math.min(this.#options.maxBatch, soon));
  }

  /** The oldest item with as many joinable ones right behind it as fit. */
  #take(): Item[] {
    const stop = this.#waiting.findIndex((item, index) => index > 0 && !item.joinable);
    const run = stop === -1 ? this.#waiting.length : stop;
    return this.#waiting.splice(0, this.#waiting[0].joinable ? Math.min(this.#limit(), run) : 1);
  }
}
