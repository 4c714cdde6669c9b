import type { AppError } from '../errors/app-error.js';

/** Capacity of an {@link AdmissionQueue}. */
export interface AdmissionLimits {
  /** Number of tasks that run concurrently. */
  readonly running: number;
  /** Number of callers that may wait. */
  readonly waiting: number;
  /** Number of callers per key that may wait, so that one client cannot fill the queue. */
  readonly waitingPerKey: number;
  /** Milliseconds after which a waiting caller is rejected. */
  readonly maxWaitMs: number;
}

interface Waiter {
  readonly admit: () => void;
}

/** Number of keys whose last admission is remembered. Keys evicted from this list count as never admitted. */
const REMEMBERED_KEYS = 4096;

/**
 * Limits how many tasks run at once, how many callers wait and for how long. Keys are served fairly: the next
 * caller admitted belongs to the key that was admitted least recently, so a busy key delays other keys only
 * by the tasks that are already running.
 */
export class AdmissionQueue {
  #running = 0;
  #waiting = 0;
  /** Waiting callers per key, in order of arrival. */
  readonly #queues = new Map<string, Waiter[]>();
  /** Sequence number of each key's last admission, oldest first. */
  readonly #lastAdmissions = new Map<string, number>();
  #admissions = 0;

  readonly #limits: AdmissionLimits;
  readonly #refusal: () => AppError;

  /** @param refusal creates the error for callers that cannot be admitted in time */
  constructor(limits: AdmissionLimits, refusal: () => AppError) {
    this.#limits = limits;
    this.#refusal = refusal;
  }

  /**
   * Runs `work` once admitted. @throws the refusal when the queue is full or the wait exceeds `maxWaitMs`.
   */
  async run<Value>(key: string, work: () => Promise<Value>): Promise<Value> {
    if (this.#running >= this.#limits.running) await this.#wait(key);
    else this.#running += 1;
    this.#recordAdmission(key);
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

  #recordAdmission(key: string): void {
    this.#admissions += 1;
    this.#lastAdmissions.delete(key);
    this.#lastAdmissions.set(key, this.#admissions);
    if (this.#lastAdmissions.size <= REMEMBERED_KEYS) return;
    for (const [oldest] of this.#lastAdmissions) {
      this.#lastAdmissions.delete(oldest);
      return;
    }
  }

  /** Passes the slot of a finished task to the next waiting caller; false when nobody waits. */
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
      const admission = this.#lastAdmissions.get(key) ?? 0;
      if (admission < since) [next, since] = [key, admission];
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
