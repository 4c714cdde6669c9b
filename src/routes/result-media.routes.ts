import type { ResultMediaController } from '../controllers/result-media.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { resultMediaOperations } from '../schemas/result-media.schema.js';

/** Images and videos of results, and their previews. */
export const resultMediaRoutes = (controller: ResultMediaController) => [
  endpoint(resultMediaOperations.list, controller.list),
  endpoint(resultMediaOperations.get, controller.get),
  endpoint(resultMediaOperations.content, controller.content),
  endpoint(resultMediaOperations.thumbnail, controller.thumbnail),
  endpoint(resultMediaOperations.poster, controller.poster),
  endpoint(resultMediaOperations.proxy, controller.proxy),
  endpoint(resultMediaOperations.filmstrip, controller.filmstrip),
  endpoint(resultMediaOperations.filmstripFrame, controller.filmstripFrame),
  endpoint(resultMediaOperations.filmstripSheet, controller.filmstripSheet),
];
