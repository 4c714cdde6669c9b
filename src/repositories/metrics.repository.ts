import type { MetricsDao } from '../dao/metrics.dao.js';
import type { MetricSample, MetricsRepository } from '../domain/metrics.js';

/** Metrics of the rows in PostgreSQL. */
export class PostgresMetricsRepository implements MetricsRepository {
  readonly #metrics: MetricsDao;

  constructor(metrics: MetricsDao) {
    this.#metrics = metrics;
  }

  read(): Promise<readonly MetricSample[]> {
    return this.#metrics.read();
  }
}
