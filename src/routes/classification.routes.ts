import type { ClassificationController } from '../controllers/classification.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { classificationOperations } from '../schemas/classification.schema.js';

/** Classification while the caller waits. */
export const classificationRoutes = (classification: ClassificationController) => [
  endpoint(classificationOperations.execute, classification.execute),
  endpoint(classificationOperations.batch, classification.batch),
];
