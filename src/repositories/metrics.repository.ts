import type { MetricsDao } from '../dao/metrics.dao.js';
import type { CountIncrement, MetricSample, MetricsRepository } from '../domain/metrics.js';

/** Metrics of the rows in PostgreSQL. */
export class PostgresMetricsRepository implements MetricsRepository {
  readonly #metrics: MetricsDao;

  constructor(metrics: MetricsDao) {
    this.#metrics = metrics;
  }

  read(): Promise<readonly MetricSample[]> {
    return this.#metrics.read();
  }

  readStorage(): Promise<readonly MetricSample[]> {
    return this.#metrics.readStorage();
  }

  async add(increments: readonly CountIncrement[]): Promise<void> {
    if (increments.length > 0) await this.#metrics.add(increments);
  }
}
