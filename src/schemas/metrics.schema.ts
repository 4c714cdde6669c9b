import { METRICS_PATH } from '../domain/api-paths.js';
import { ADMIN, operation } from './operation.js';

/** Metrics of the installation. */
export const metricsOperations = {
  read: operation({
    ...ADMIN,
    method: 'get',
    path: METRICS_PATH,
    operationId: 'getMetrics',
    summary: 'Metrics of the installation for Prometheus',
    description:
      'Gauges of queues, webhooks, live sessions and connections, the same from every API process. ' +
      'Without data of users, and not in the audit log.',
    tag: 'Administration',
    unaudited: true,
    responses: [{ status: 200, description: "Prometheus' text format", contentType: 'text/plain' }],
  }),
};
