import type { ApiKeyController } from '../controllers/api-key.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { apiKeyOperations } from '../schemas/api-key.schema.js';

/** API keys of the caller. */
export const apiKeyRoutes = (keys: ApiKeyController) => [
  endpoint(apiKeyOperations.create, keys.create),
  endpoint(apiKeyOperations.list, keys.list),
  endpoint(apiKeyOperations.get, keys.get),
  endpoint(apiKeyOperations.update, keys.update),
  endpoint(apiKeyOperations.rotate, keys.rotate),
  endpoint(apiKeyOperations.remove, keys.remove),
];
