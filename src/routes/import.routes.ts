import type { ImportController } from '../controllers/import.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { importOperations } from '../schemas/import.schema.js';

/** Imports from URLs. */
export const importRoutes = (imports: ImportController) => [
  endpoint(importOperations.create, imports.create),
  endpoint(importOperations.list, imports.list),
  endpoint(importOperations.get, imports.get),
  endpoint(importOperations.cancel, imports.cancel),
];
