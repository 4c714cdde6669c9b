import { Router } from 'express';
import swaggerUi from 'swagger-ui-express';
import type { AdminSessionController } from '../controllers/admin-session.controller.js';
import type { AuthController } from '../controllers/auth.controller.js';
import type { ClassificationController } from '../controllers/classification.controller.js';
import type { DatasetController } from '../controllers/dataset.controller.js';
import type { InferenceController } from '../controllers/inference.controller.js';
import type { JobController } from '../controllers/job.controller.js';
import type { OpenInferenceController } from '../controllers/open-inference.controller.js';
import type { NetworkController } from '../controllers/network.controller.js';
import type { RealtimeController } from '../controllers/realtime.controller.js';
import type { SystemController } from '../controllers/system.controller.js';
import type { UploadController } from '../controllers/upload.controller.js';
import type { UserController } from '../controllers/user.controller.js';
import type { EndpointGuards } from '../middlewares/endpoint.js';
import { adminSessionRoutes } from './admin-session.routes.js';
import { authRoutes } from './auth.routes.js';
import { classificationRoutes } from './classification.routes.js';
import { datasetRoutes } from './dataset.routes.js';
import { inferenceRoutes } from './inference.routes.js';
import { jobRoutes } from './job.routes.js';
import { mount } from './mount.js';
import { openInferenceRoutes } from './open-inference.routes.js';
import { networkRoutes } from './network.routes.js';
import { realtimeRoutes } from './realtime.routes.js';
import { systemRoutes } from './system.routes.js';
import { userRoutes } from './user.routes.js';

/** One controller per resource. */
export interface Controllers {
  readonly auth: AuthController;
  readonly users: UserController;
  readonly datasets: DatasetController;
  readonly uploads: UploadController;
  readonly inference: InferenceController;
  readonly classification: ClassificationController;
  readonly networks: NetworkController;
  readonly jobs: JobController;
  readonly openInference: OpenInferenceController;
  readonly realtime: RealtimeController;
  readonly system: SystemController;
  readonly adminSessions: AdminSessionController;
}

/** Every endpoint of the API. */
export function apiRoutes(controllers: Controllers, guards: EndpointGuards): Router {
  return mount(
    [
      ...authRoutes(controllers.auth),
      ...userRoutes(controllers.users),
      ...datasetRoutes(controllers.datasets, controllers.uploads),
      ...inferenceRoutes(controllers.inference),
      ...classificationRoutes(controllers.classification),
      ...networkRoutes(controllers.networks),
      ...jobRoutes(controllers.jobs),
      ...openInferenceRoutes(controllers.openInference),
      ...realtimeRoutes(controllers.realtime),
      ...systemRoutes(controllers.system),
      ...adminSessionRoutes(controllers.adminSessions),
    ],
    guards,
  );
}

/** The documentation as a page. */
export function documentationRoutes(): Router {
  const options = { swaggerOptions: { url: '/api/openapi.json', persistAuthorization: true } };
  return Router().use(
    '/api/docs',
    swaggerUi.serveFiles(undefined, options),
    swaggerUi.setup(undefined, options),
  );
}
