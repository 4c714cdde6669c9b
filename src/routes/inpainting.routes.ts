import type { InpaintingController } from '../controllers/inpainting.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { inpaintingOperations } from '../schemas/inpainting.schema.js';

/** Inpainting jobs and their results. */
export const inpaintingRoutes = (controller: InpaintingController) => [
  endpoint(inpaintingOperations.create, controller.create),
  endpoint(inpaintingOperations.status, controller.status),
  endpoint(inpaintingOperations.list, controller.list),
  endpoint(inpaintingOperations.get, controller.get),
  endpoint(inpaintingOperations.results, controller.results),
  endpoint(inpaintingOperations.download, controller.download),
];
