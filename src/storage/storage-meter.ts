import type { CountIncrement, MetricName, SampleName } from '../domain/metrics.js';

/** Upper limits of the buckets of durations, in seconds. */
const DURATION_BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60] as const;

/** Counts what a process does with stored files, until somebody takes the counts. */
export class StorageMeter {
  #counts = new Map<string, CountIncrement & { value: number }>();

  /** Adds to a counter. */
  add(name: SampleName, labels: CountIncrement['labels'], value = 1): void {
    const key = `${name} ${JSON.stringify(labels)}`;
    const count = this.#counts.get(key);
    if (count) count.value += value;
    else this.#counts.set(key, { name, labels, value });
  }

  /** Adds a duration to a histogram. */
  observe(name: MetricName, labels: CountIncrement['labels'], seconds: number): void {
    for (const limit of DURATION_BUCKETS)
      this.add(`${name}_bucket`, { ...labels, le: String(limit) }, seconds <= limit ? 1 : 0);
    this.add(`${name}_bucket`, { ...labels, le: '+Inf' });
    this.add(`${name}_sum`, labels, seconds);
    this.add(`${name}_count`, labels);
  }

  /** The counts since the last call. */
  take(): readonly CountIncrement[] {
    const counts = [...this.#counts.values()];
    this.#counts = new Map();
    return counts;
  }

  /** Gives back counts that could not be recorded. */
  restore(counts: readonly CountIncrement[]): void {
    for (const { name, labels, value } of counts) this.add(name, labels, value);
  }
}
