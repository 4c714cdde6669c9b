import type { NetworkController } from '../controllers/network.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { networkOperations } from '../schemas/network.schema.js';

/** The inference engine and the networks behind it. */
export const networkRoutes = (networks: NetworkController) => [
  endpoint(networkOperations.preload, networks.preload),
  endpoint(networkOperations.status, networks.status),
  endpoint(networkOperations.loaded, networks.loaded),
  endpoint(networkOperations.unloadModel, networks.unloadModel),
  endpoint(networkOperations.formats, networks.formats),
  endpoint(networkOperations.list, networks.list),
  endpoint(networkOperations.get, networks.get),
  endpoint(networkOperations.upload, networks.upload),
  endpoint(networkOperations.remove, networks.remove),
  endpoint(networkOperations.load, networks.load),
  endpoint(networkOperations.unload, networks.unload),
];
