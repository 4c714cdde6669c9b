import type { MetricSample } from '../domain/metrics.js';
import type { Repositories } from '../domain/repositories/unit-of-work.js';

/** Age up to which figures are shown again, however many ask. */
const FRESH_MS = 5_000;
/** The same for figures that read whole tables. */
const STORAGE_FRESH_MS = 60_000;

type Read = () => Promise<readonly MetricSample[]>;

/** Figures of the whole installation. */
export class MetricsService {
  readonly #figures: Read;
  readonly #storage: Read;

  constructor({ metrics }: Pick<Repositories, 'metrics'>, now: () => number = () => performance.now()) {
    this.#figures = remembered(() => metrics.read(), FRESH_MS, now);
    this.#storage = remembered(() => metrics.readStorage(), STORAGE_FRESH_MS, now);
  }

  /** Figures of at most five seconds ago, those of the storage of at most a minute ago. */
  async samples(): Promise<readonly MetricSample[]> {
    const [figures, storage] = await Promise.all([this.#figures(), this.#storage()]);
    return [...figures, ...storage];
  }
}

/** Reads again only after `freshMs`; a failure is not kept. */
function remembered(read: Read, freshMs: number, now: () => number): Read {
  let known: { readonly at: number; readonly samples: Promise<readonly MetricSample[]> } | null = null;
  return () => {
    if (known && now() - known.at < freshMs) return known.samples;
    const reading = { at: now(), samples: read() };
    known = reading;
    reading.samples.catch(() => {
      if (known === reading) known = null;
    });
    return reading.samples;
  };
}
