import type { DatasetArchiveController } from '../controllers/dataset-archive.controller.js';
import type { DatasetController } from '../controllers/dataset.controller.js';
import type { UploadController } from '../controllers/upload.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { datasetArchiveOperations } from '../schemas/dataset-archive.schema.js';
import { datasetOperations } from '../schemas/dataset.schema.js';

/** Datasets, uploads and tags. */
export const datasetRoutes = (datasets: DatasetController, uploads: UploadController) => [
  endpoint(datasetOperations.create, datasets.create),
  endpoint(datasetOperations.list, datasets.list),
  endpoint(datasetOperations.get, datasets.get),
  endpoint(datasetOperations.update, datasets.update),
  endpoint(datasetOperations.remove, datasets.remove),
  endpoint(datasetOperations.addVideos, uploads.addVideos),
  endpoint(datasetOperations.addImages, uploads.addImages),
  endpoint(datasetOperations.tags, datasets.tags),
];

/** Whole datasets as archives. */
export const datasetArchiveRoutes = (archives: DatasetArchiveController) => [
  endpoint(datasetArchiveOperations.import, archives.import),
  endpoint(datasetArchiveOperations.download, archives.download),
];
