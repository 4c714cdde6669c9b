import type { NetworkRightController } from '../controllers/network-right.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { networkRightOperations } from '../schemas/network-right.schema.js';

/** Rights to networks. */
export const networkRightRoutes = (rights: NetworkRightController) => [
  endpoint(networkRightOperations.list, rights.list),
  endpoint(networkRightOperations.get, rights.get),
  endpoint(networkRightOperations.set, rights.set),
];
