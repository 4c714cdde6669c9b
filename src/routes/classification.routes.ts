import type { ClassificationController } from '../controllers/classification.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { classificationOperations } from '../schemas/classification.schema.js';

/** Synchronous classification and detection. */
export const classificationRoutes = (classification: ClassificationController) => [
  endpoint(classificationOperations.execute, classification.execute),
  endpoint(classificationOperations.batch, classification.batch),
];
