import type { DreamController } from '../controllers/dream.controller.js';
import type { MultipartUploadController } from '../controllers/multipart-upload.controller.js';
import type { TusController } from '../controllers/tus.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { dreamOperations } from '../schemas/dream.schema.js';
import { tusOperations } from '../schemas/tus.schema.js';
import { uploadOperations } from '../schemas/upload.schema.js';

/** Uploads in several requests. */
export const uploadRoutes = (multipart: MultipartUploadController, tus: TusController) => [
  endpoint(tusOperations.append, tus.append),
  endpoint(uploadOperations.list, multipart.list),
  endpoint(uploadOperations.create, multipart.create),
  endpoint(uploadOperations.get, multipart.get),
  endpoint(uploadOperations.refresh, multipart.refresh),
  endpoint(uploadOperations.putPart, multipart.putPart),
  endpoint(uploadOperations.complete, multipart.complete),
  endpoint(uploadOperations.abort, multipart.abort),
  endpoint(tusOperations.create, tus.create),
  endpoint(tusOperations.get, tus.get),
  endpoint(tusOperations.remove, tus.remove),
];

/** Uploads in parts in the format of another published API. */
export const dreamRoutes = (dreams: DreamController) => [
  endpoint(dreamOperations.create, dreams.create),
  endpoint(dreamOperations.refresh, dreams.refresh),
  endpoint(dreamOperations.complete, dreams.complete),
  endpoint(dreamOperations.abort, dreams.abort),
];
