import type { Classification, ClassifyTimings, NetworkCounts } from '../../domain/network.js';

interface Mutable {
  answered: number;
  failed: number;
  runs: number;
  totals: { -readonly [Stage in keyof ClassifyTimings]: number };
}

const fresh = (): Mutable => ({
  answered: 0,
  failed: 0,
  runs: 0,
  totals: { queueMs: 0, decodeMs: 0, preprocessMs: 0, inferenceMs: 0, postprocessMs: 0 },
});

/** Counters of networks by id; they are kept when a network is unloaded. */
export class ModelCounters {
  readonly #counts = new Map<string, Mutable>();

  answered(id: string, { timings, batchSize }: Pick<Classification, 'timings' | 'batchSize'>): void {
    const counts = this.#of(id);
    counts.answered += 1;
    // Each image of a batch counts as its share of the run.
    counts.runs += 1 / batchSize;
    const { totals } = counts;
    totals.queueMs += timings.queueMs;
    totals.decodeMs += timings.decodeMs;
    totals.preprocessMs += timings.preprocessMs;
    totals.inferenceMs += timings.inferenceMs;
    totals.postprocessMs += timings.postprocessMs;
  }

  inferred(id: string, inferenceMs: number): void {
    const counts = this.#of(id);
    counts.answered += 1;
    counts.runs += 1;
    counts.totals.inferenceMs += inferenceMs;
  }

  failed(id: string): void {
    this.#of(id).failed += 1;
  }

  of(id: string): NetworkCounts {
    const { answered, failed, runs, totals } = this.#counts.get(id) ?? fresh();
    return { answered, failed, runs: Math.round(runs), totals: { ...totals } };
  }

  all(): Readonly<Record<string, NetworkCounts>> {
    return Object.fromEntries([...this.#counts.keys()].map((id) => [id, this.of(id)]));
  }

  #of(id: string): Mutable {
    const known = this.#counts.get(id);
    if (known) return known;
    const counts = fresh();
    this.#counts.set(id, counts);
    return counts;
  }
}
