import type { NamedDatasetController } from '../controllers/named-dataset.controller.js';
import type { PairUploadController } from '../controllers/pair-upload.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { namedDatasetOperations } from '../schemas/named-dataset.schema.js';

/** Datasets by name and uploads of pairs. */
export const namedDatasetRoutes = (datasets: NamedDatasetController, uploads: PairUploadController) => [
  endpoint(namedDatasetOperations.create, datasets.create),
  endpoint(namedDatasetOperations.addData, uploads.add),
  endpoint(namedDatasetOperations.list, datasets.list),
  endpoint(namedDatasetOperations.get, datasets.get),
  endpoint(namedDatasetOperations.items, datasets.items),
  endpoint(namedDatasetOperations.file, datasets.file),
  endpoint(namedDatasetOperations.update, datasets.update),
  endpoint(namedDatasetOperations.remove, datasets.remove),
];
