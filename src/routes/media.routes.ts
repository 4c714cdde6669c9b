import type { MediaProcessController } from '../controllers/media-process.controller.js';
import type { MediaController } from '../controllers/media.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { mediaProcessOperations } from '../schemas/media-process.schema.js';
import { mediaOperations } from '../schemas/media.schema.js';

/** Media and their previews. */
export const mediaRoutes = (controller: MediaController) => [
  endpoint(mediaOperations.list, controller.list),
  endpoint(mediaOperations.ofDataset, controller.ofDataset),
  endpoint(mediaOperations.get, controller.get),
  endpoint(mediaOperations.content, controller.content),
  endpoint(mediaOperations.thumbnail, controller.thumbnail),
  endpoint(mediaOperations.poster, controller.poster),
  endpoint(mediaOperations.proxy, controller.proxy),
  endpoint(mediaOperations.filmstrip, controller.filmstrip),
  endpoint(mediaOperations.filmstripFrame, controller.filmstripFrame),
  endpoint(mediaOperations.filmstripSheet, controller.filmstripSheet),
  endpoint(mediaOperations.frame, controller.frame),
];

/** Previews of stored media, for admins. */
export const mediaProcessRoutes = (controller: MediaProcessController) => [
  endpoint(mediaProcessOperations.start, controller.start),
  endpoint(mediaProcessOperations.list, controller.list),
  endpoint(mediaProcessOperations.get, controller.get),
];
