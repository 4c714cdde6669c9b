import type { JobController } from '../controllers/job.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { jobOperations } from '../schemas/job.schema.js';

/** Jobs. */
export const jobRoutes = (jobs: JobController) => [
  endpoint(jobOperations.list, jobs.list),
  endpoint(jobOperations.get, jobs.get),
  endpoint(jobOperations.cancel, jobs.cancel),
  endpoint(jobOperations.retry, jobs.retry),
  endpoint(jobOperations.events, jobs.events),
];
