import type { RateCount, RateCountRepository } from '../../src/domain/rate-count.js';

/** Counts in memory, by a clock that tests may set. */
export class InMemoryRateCountRepository implements RateCountRepository {
  readonly #counts = new Map<string, { points: number; endsAt: number }>();

  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  async add(key: string, points: number, seconds: number): Promise<RateCount> {
    const known = this.#live(key);
    const endsInMs = known?.endsInMs ?? seconds * 1000;
    const count = { points: (known?.points ?? 0) + points, endsInMs };
    this.#counts.set(key, { points: count.points, endsAt: this.#now() + endsInMs });
    return count;
  }

  async find(key: string): Promise<RateCount | null> {
    return this.#live(key);
  }

  #live(key: string): RateCount | null {
    const count = this.#counts.get(key);
    if (!count || count.endsAt <= this.#now()) return null;
    return { points: count.points, endsInMs: count.endsAt - this.#now() };
  }

  async remove(key: string): Promise<void> {
    this.#counts.delete(key);
  }
}
