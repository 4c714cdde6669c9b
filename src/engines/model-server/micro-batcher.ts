/** Work that waits for a batch. */
export interface BatchItem {
  readonly id: number;
  /** Whether it can share a batch with others. */
  readonly joinable: boolean;
}

/** Options of a {@link MicroBatcher}. */
export interface MicroBatcherOptions<Item extends BatchItem> {
  readonly maxBatch: number;
  /** Maximum milliseconds that the first image waits for others that are being decoded. */
  readonly maxDelayMs: number;
  /** Runs one batch; must not reject. */
  run(batch: readonly Item[]): Promise<void>;
}

/**
 * Target duration of a batch in milliseconds, since later requests wait for its end. Networks that need long
 * for a single image gain nothing from larger batches.
 */
const TARGET_BATCH_MS = 100;
/** Weight of the newest batch in the latency average. */
const NEWEST = 0.3;

/**
 * Batches images for one network: a batch starts when it is full, when no other image is being decoded, or
 * when the oldest image has waited long enough. A single client therefore never waits. One batch runs at a
 * time.
 */
export class MicroBatcher<Item extends BatchItem> {
  readonly #options: MicroBatcherOptions<Item>;
  #waiting: Item[] = [];
  /** Number of images that are being decoded. */
  #decoding = 0;
  #running = false;
  /** Latency average per image in milliseconds; 0 before the first batch. */
  #averageMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #overdue = false;

  constructor(options: MicroBatcherOptions<Item>) {
    this.#options = options;
  }

  /** Announces an item that will be passed to {@link add} or cancelled with {@link drop}. */
  expect(): void {
    this.#decoding += 1;
  }

  /** Adds an announced item. */
  add(item: Item): void {
    this.#decoding -= 1;
    this.#waiting.push(item);
    this.#pump();
  }

  /** Cancels an announced item. */
  drop(): void {
    this.#decoding -= 1;
    this.#pump();
  }

  /** Removes a waiting item; false when it is not waiting here. */
  cancel(id: number): boolean {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((item) => item.id !== id);
    return this.#waiting.length < before;
  }

  #pump(): void {
    if (this.#running || this.#waiting.length === 0) return;
    const { maxDelayMs } = this.#options;
    const full = this.#waiting.length >= this.#limit() || !this.#waiting[0].joinable;
    if (full || this.#decoding === 0 || this.#overdue || maxDelayMs === 0) {
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

  /**
   * Maximum number of images in a batch: what the network accepts, and what it can finish within the target
   * duration.
   */
  #limit(): number {
    const soon = this.#averageMs === 0 ? Infinity : Math.floor(TARGET_BATCH_MS / this.#averageMs);
    return Math.max(1, Math.min(this.#options.maxBatch, soon));
  }

  /** Takes the oldest item and the joinable items directly behind it that fit into the batch. */
  #take(): Item[] {
    const stop = this.#waiting.findIndex((item, index) => index > 0 && !item.joinable);
    const run = stop === -1 ? this.#waiting.length : stop;
    return this.#waiting.splice(0, this.#waiting[0].joinable ? Math.min(this.#limit(), run) : 1);
  }
}
