import type { BulkJobController } from '../controllers/bulk-jobs.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { bulkJobOperations } from '../schemas/bulk-jobs.schema.js';

/** Changes of many jobs at once. */
export const bulkJobRoutes = (jobs: BulkJobController) => [
  endpoint(bulkJobOperations.cancel, jobs.cancel),
  endpoint(bulkJobOperations.retry, jobs.retry),
];
