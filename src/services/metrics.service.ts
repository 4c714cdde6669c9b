import type { MetricSample } from '../domain/metrics.js';
import type { Repositories } from '../domain/repositories/unit-of-work.js';

/** Age up to which figures are shown again, however many ask. */
const FRESH_MS = 5_000;

/** Figures of the whole installation. */
export class MetricsService {
  readonly #read: Pick<Repositories, 'metrics'>;
  readonly #now: () => number;
  #known: { readonly at: number; readonly samples: Promise<readonly MetricSample[]> } | null = null;

  constructor(read: Pick<Repositories, 'metrics'>, now: () => number = () => performance.now()) {
    this.#read = read;
    this.#now = now;
  }

  /** Figures of at most five seconds ago. */
  samples(): Promise<readonly MetricSample[]> {
    if (this.#known && this.#now() - this.#known.at < FRESH_MS) return this.#known.samples;
    const samples = this.#read.metrics.read();
    const known = { at: this.#now(), samples };
    this.#known = known;
    // A failure is not shown again.
    samples.catch(() => {
      if (this.#known === known) this.#known = null;
    });
    return samples;
  }
}
