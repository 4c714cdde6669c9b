import type { MetricsController } from '../controllers/metrics.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { metricsOperations } from '../schemas/metrics.schema.js';

/** Metrics of the installation. */
export const metricsRoutes = (metrics: MetricsController) => [endpoint(metricsOperations.read, metrics.read)];
