import type { AppError } from '../errors/app-error.js';

/** How much work an {@link AdmissionQueue} takes on. */
export interface AdmissionLimits {
  /** Pieces of work that run at the same time. */
  readonly running: number;
  /** Callers that may wait. */
  readonly waiting: number;
  /** Callers of one key that may wait: one client cannot fill the queue. */
  readonly waitingPerKey: number;
  /** Milliseconds after which a waiting caller is refused. */
  readonly maxWaitMs: number;
}

interface Waiter {
  readonly admit: () => void;
}

/**
 * Runs a bounded number of pieces of work at once and lets a bounded number of callers wait for a bounded time. Keys take
 * turns, so the next caller of a quiet key is served before the backlog of a busy one.
 */
export class AdmissionQueue {
  #running = 0;
  #waiting = 0;
  /** In the order in which keys have their turn. */
  readonly #queues = new Map<string, Waiter[]>();

  /** @param refusal made for callers that cannot be served in time */
  constructor(
    private readonly limits: AdmissionLimits,
    private readonly refusal: () => AppError,
  ) {}

  /** Runs `work` when it is its turn. @throws the refusal when too many wait, or after too long a wait. */
  async run<Value>(key: string, work: () => Promise<Value>): Promise<Value> {
    if (this.#running >= this.limits.running) await this.#wait(key);
    else this.#running += 1;
    try {
      return await work();
    } finally {
      if (!this.#admitNext()) this.#running -= 1;
    }
  }

  #wait(key: string): Promise<void> {
    const queue = this.#queues.get(key) ?? [];
    if (this.#waiting >= this.limits.waiting || queue.length >= this.limits.waitingPerKey)
      throw this.refusal();
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        admit: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.#leave(key, waiter);
        reject(this.refusal());
      }, this.limits.maxWaitMs);
      this.#queues.set(key, queue);
      queue.push(waiter);
      this.#waiting += 1;
    });
  }

  /** Hands the place of finished work to the first caller of the key whose turn it is; false when nobody waits. */
  #admitNext(): boolean {
    for (const [key, queue] of this.#queues) {
      const waiter = queue.shift();
      this.#queues.delete(key);
      if (queue.length > 0) this.#queues.set(key, queue);
      if (!waiter) continue;
      this.#waiting -= 1;
      waiter.admit();
      return true;
    }
    return false;
  }

  #leave(key: string, waiter: Waiter): void {
    const queue = this.#queues.get(key);
    const index = queue?.indexOf(waiter) ?? -1;
    if (!queue || index < 0) return;
    queue.splice(index, 1);
    if (queue.length === 0) this.#queues.delete(key);
    this.#waiting -= 1;
  }
}
