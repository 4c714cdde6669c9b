import type { InferenceController } from '../controllers/inference.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { inferenceOperations } from '../schemas/inference.schema.js';

/** Creating inference jobs and fetching results. */
export const inferenceRoutes = (inference: InferenceController) => [
  endpoint(inferenceOperations.create, inference.create),
  endpoint(inferenceOperations.estimate, inference.estimate),
  endpoint(inferenceOperations.status, inference.status),
  endpoint(inferenceOperations.resultJson, inference.resultJson),
  endpoint(inferenceOperations.resultZip, inference.resultZip),
];
