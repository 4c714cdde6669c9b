import { METRIC_TYPES, METRICS } from '../domain/metrics.js';
import type { Call } from '../middlewares/endpoint.js';
import { HANDLED } from '../middlewares/reply.js';
import { PROMETHEUS_TYPE, prometheusText } from '../protocols/prometheus-text.js';
import type { metricsOperations } from '../schemas/metrics.schema.js';
import type { MetricsService } from '../services/metrics.service.js';

const PREFIX = 'infernode_';

/** HTTP handler of metrics. */
export class MetricsController {
  readonly #metrics: Pick<MetricsService, 'samples'>;

  constructor(metrics: Pick<MetricsService, 'samples'>) {
    this.#metrics = metrics;
  }

  readonly read = async ({ response }: Call<(typeof metricsOperations)['read']>): Promise<typeof HANDLED> => {
    const text = prometheusText(METRICS, await this.#metrics.samples(), {
      prefix: PREFIX,
      types: METRIC_TYPES,
    });
    response.status(200).set({ 'Cache-Control': 'no-store', 'Content-Type': PROMETHEUS_TYPE }).send(text);
    return HANDLED;
  };
}
