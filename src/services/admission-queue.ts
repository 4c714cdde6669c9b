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

/** Keys of which is remembered when they were served; those before them count as never served. */
const REMEMBERED_KEYS = 4096;

/**
 * Runs a bounded number of pieces of work at once and lets a bounded number of callers wait for a bounded time. Keys take
 * turns: next is the one whose last turn is longest ago, so a quiet key waits for nothing of a busy one but what runs
 * already.
 */
export class AdmissionQueue {
  #running = 0;
  #waiting = 0;
  /** In the order in which keys came. */
  readonly #queues = new Map<string, Waiter[]>();
  /** Number of the last turn of each key, the oldest first. */
  readonly #lastTurns = new Map<string, number>();
  #turn = 0;

  readonly #limits: AdmissionLimits;
  readonly #refusal: () => AppError;

  /** @param refusal made for callers that cannot be served in time */
  constructor(limits: AdmissionLimits, refusal: () => AppError) {
    this.#limits = limits;
    this.#refusal = refusal;
  }

  /** Runs `work` when it is its turn. @throws the refusal when too many wait, or after too long a wait. */
  async run<Value>(key: string, work: () => Promise<Value>): Promise<Value> {
    if (this.#running >= this.#limits.running) await this.#wait(key);
    else this.#running += 1;
    this.#noteTurn(key);
    try {
      return await work();
    } finally {
      if (!this.#admitNext()) this.#running -= 1;
    }
  }

  #wait(key: string): Promise<void> {
    const queue = this.#queues.get(key) ?? [];
    if (this.#waiting >= this.#limits.waiting || queue.length >= this.#limits.waitingPerKey)
      throw this.#refusal();
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        admit: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.#leave(key, waiter);
        reject(this.#refusal());
      }, this.#limits.maxWaitMs);
      this.#queues.set(key, queue);
      queue.push(waiter);
      this.#waiting += 1;
    });
  }

  #noteTurn(key: string): void {
    this.#turn += 1;
    this.#lastTurns.delete(key);
    this.#lastTurns.set(key, this.#turn);
    if (this.#lastTurns.size <= REMEMBERED_KEYS) return;
    for (const [oldest] of this.#lastTurns) {
      this.#lastTurns.delete(oldest);
      return;
    }
  }

  /** Hands the place of finished work to the first caller of the key whose turn it is; false when nobody waits. */
  #admitNext(): boolean {
    const key = this.#nextKey();
    const queue = key === null ? undefined : this.#queues.get(key);
    const waiter = queue?.shift();
    if (key === null || !queue || !waiter) return false;
    if (queue.length === 0) this.#queues.delete(key);
    this.#waiting -= 1;
    waiter.admit();
    return true;
  }

  #nextKey(): string | null {
    let next: string | null = null;
    let since = Infinity;
    for (const key of this.#queues.keys()) {
      const turn = this.#lastTurns.get(key) ?? 0;
      if (turn < since) [next, since] = [key, turn];
    }
    return next;
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
