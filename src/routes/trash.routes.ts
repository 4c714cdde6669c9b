import type { TrashController } from '../controllers/trash.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { trashOperations } from '../schemas/trash.schema.js';

/** Deletion of files, items, jobs and results, and the trash. */
export const trashRoutes = (trash: TrashController) => [
  endpoint(trashOperations.removeMedia, trash.removeMedia),
  endpoint(trashOperations.removeItem, trash.removeItem),
  endpoint(trashOperations.removeJob, trash.removeJob),
  endpoint(trashOperations.removeResult, trash.removeResult),
  endpoint(trashOperations.list, trash.list),
  endpoint(trashOperations.restore, trash.restore),
  endpoint(trashOperations.purge, trash.purge),
  endpoint(trashOperations.empty, trash.empty),
];
