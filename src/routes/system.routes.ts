import type { SystemController } from '../controllers/system.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { systemOperations } from '../schemas/system.schema.js';

/** Health, documentation and the welcome page. */
export const systemRoutes = (system: SystemController) => [
  endpoint(systemOperations.welcome, system.welcome),
  endpoint(systemOperations.health, system.health),
  endpoint(systemOperations.healthShort, system.health),
  endpoint(systemOperations.healthVersioned, system.dependencies),
  endpoint(systemOperations.livez, system.livez),
  endpoint(systemOperations.readyz, system.readyz),
  endpoint(systemOperations.document, system.document),
];
