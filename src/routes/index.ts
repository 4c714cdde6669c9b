import { Router } from 'express';
import type { AccountAdminController } from '../controllers/account-admin.controller.js';
import type { AccountController } from '../controllers/account.controller.js';
import type { AdministrationController } from '../controllers/administration.controller.js';
import type { AdminSessionController } from '../controllers/admin-session.controller.js';
import type { ApiKeyController } from '../controllers/api-key.controller.js';
import type { AuthController } from '../controllers/auth.controller.js';
import type { BulkJobController } from '../controllers/bulk-jobs.controller.js';
import type { ClassificationController } from '../controllers/classification.controller.js';
import type { DreamController } from '../controllers/dream.controller.js';
import type { DatasetArchiveController } from '../controllers/dataset-archive.controller.js';
import type { DatasetController } from '../controllers/dataset.controller.js';
import type { ImportController } from '../controllers/import.controller.js';
import type { InferenceController } from '../controllers/inference.controller.js';
import type { InpaintingController } from '../controllers/inpainting.controller.js';
import type { JobController } from '../controllers/job.controller.js';
import type { MediaProcessController } from '../controllers/media-process.controller.js';
import type { MediaController } from '../controllers/media.controller.js';
import type { NamedDatasetController } from '../controllers/named-dataset.controller.js';
import type { MultipartUploadController } from '../controllers/multipart-upload.controller.js';
import type { OidcController } from '../controllers/oidc.controller.js';
import type { PasswordPageController } from '../controllers/password-page.controller.js';
import type { PairUploadController } from '../controllers/pair-upload.controller.js';
import type { OpenInferenceController } from '../controllers/open-inference.controller.js';
import type { NetworkRightController } from '../controllers/network-right.controller.js';
import type { NetworkController } from '../controllers/network.controller.js';
import type { PriceController } from '../controllers/price.controller.js';
import type { QuotaController } from '../controllers/quota.controller.js';
import type { RealtimeController } from '../controllers/realtime.controller.js';
import type { ResultMediaController } from '../controllers/result-media.controller.js';
import type { SchedulingController } from '../controllers/scheduling.controller.js';
import type { ServoSessionController } from '../controllers/servo-session.controller.js';
import type { MetricsController } from '../controllers/metrics.controller.js';
import type { SystemController } from '../controllers/system.controller.js';
import type { TusController } from '../controllers/tus.controller.js';
import type { TrashController } from '../controllers/trash.controller.js';
import type { UploadController } from '../controllers/upload.controller.js';
import type { UserSessionController } from '../controllers/user-session.controller.js';
import type { UserController } from '../controllers/user.controller.js';
import type { WebhookController } from '../controllers/webhook.controller.js';
import { errorReference } from '../middlewares/error-reference.js';
import { DOCUMENTATION_PATH, OPENAPI_PATH, VERSIONED_DOCUMENTATION_PATH } from '../domain/api-paths.js';
import type { EndpointGuards } from '../middlewares/endpoint.js';
import { accountAdminRoutes, passwordPageRoutes } from './account-admin.routes.js';
import { accountRoutes } from './account.routes.js';
import { administrationRoutes } from './administration.routes.js';
import { adminSessionRoutes } from './admin-session.routes.js';
import { apiKeyRoutes } from './api-key.routes.js';
import { authRoutes } from './auth.routes.js';
import { bulkJobRoutes } from './bulk-jobs.routes.js';
import { classificationRoutes } from './classification.routes.js';
import { datasetArchiveRoutes, datasetRoutes } from './dataset.routes.js';
import { importRoutes } from './import.routes.js';
import { inferenceRoutes } from './inference.routes.js';
import { inpaintingRoutes } from './inpainting.routes.js';
import { jobRoutes } from './job.routes.js';
import { lazyHandler } from '../middlewares/lazy-handler.js';
import { mediaProcessRoutes, mediaRoutes } from './media.routes.js';
import { mount, type MountedEndpoints } from './mount.js';
import { namedDatasetRoutes } from './named-dataset.routes.js';
import { oidcRoutes } from './oidc.routes.js';
import { openInferenceRoutes } from './open-inference.routes.js';
import { networkRightRoutes } from './network-right.routes.js';
import { networkRoutes } from './network.routes.js';
import { priceRoutes } from './price.routes.js';
import { quotaRoutes } from './quota.routes.js';
import { realtimeRoutes } from './realtime.routes.js';
import { resultMediaRoutes } from './result-media.routes.js';
import { schedulingRoutes } from './scheduling.routes.js';
import { servoRoutes } from './servo.routes.js';
import { metricsRoutes } from './metrics.routes.js';
import { systemRoutes } from './system.routes.js';
import { trashRoutes } from './trash.routes.js';
import { dreamRoutes, uploadRoutes } from './upload.routes.js';
import { userSessionRoutes } from './user-session.routes.js';
import { userRoutes } from './user.routes.js';
import { webhookRoutes } from './webhook.routes.js';

/** One controller per resource. */
export interface Controllers {
  readonly auth: AuthController;
  readonly apiKeys: ApiKeyController;
  readonly userSessions: UserSessionController;
  readonly oidc: OidcController;
  readonly accountAdmin: AccountAdminController;
  readonly passwordPage: PasswordPageController;
  readonly users: UserController;
  readonly quotas: QuotaController;
  readonly prices: PriceController;
  readonly datasets: DatasetController;
  readonly datasetArchives: DatasetArchiveController;
  readonly uploads: UploadController;
  readonly multipartUploads: MultipartUploadController;
  readonly media: MediaController;
  readonly resultMedia: ResultMediaController;
  readonly tus: TusController;
  readonly mediaProcess: MediaProcessController;
  readonly dreams: DreamController;
  readonly imports: ImportController;
  readonly inference: InferenceController;
  readonly classification: ClassificationController;
  readonly networks: NetworkController;
  readonly networkRights: NetworkRightController;
  readonly jobs: JobController;
  readonly webhooks: WebhookController;
  readonly bulkJobs: BulkJobController;
  readonly trash: TrashController;
  readonly accounts: AccountController;
  readonly namedDatasets: NamedDatasetController;
  readonly pairUploads: PairUploadController;
  readonly inpainting: InpaintingController;
  readonly administration: AdministrationController;
  readonly scheduling: SchedulingController;
  readonly openInference: OpenInferenceController;
  readonly realtime: RealtimeController;
  readonly servo: ServoSessionController;
  readonly metrics: MetricsController;
  readonly system: SystemController;
  readonly adminSessions: AdminSessionController;
}

/** Every endpoint of the API. */
export function apiRoutes(controllers: Controllers, guards: EndpointGuards): MountedEndpoints {
  return mount(
    [
      ...classificationRoutes(controllers.classification),
      ...servoRoutes(controllers.servo),
      ...authRoutes(controllers.auth),
      ...apiKeyRoutes(controllers.apiKeys),
      ...userSessionRoutes(controllers.userSessions),
      ...oidcRoutes(controllers.oidc),
      ...accountAdminRoutes(controllers.accountAdmin),
      ...passwordPageRoutes(controllers.passwordPage),
      ...userRoutes(controllers.users),
      ...quotaRoutes(controllers.quotas),
      ...priceRoutes(controllers.prices),
      ...datasetRoutes(controllers.datasets, controllers.uploads),
      ...datasetArchiveRoutes(controllers.datasetArchives),
      ...mediaRoutes(controllers.media),
      ...resultMediaRoutes(controllers.resultMedia),
      ...uploadRoutes(controllers.multipartUploads, controllers.tus),
      ...dreamRoutes(controllers.dreams),
      ...importRoutes(controllers.imports),
      ...inferenceRoutes(controllers.inference),
      ...networkRoutes(controllers.networks),
      ...networkRightRoutes(controllers.networkRights),
      ...jobRoutes(controllers.jobs),
      ...webhookRoutes(controllers.webhooks),
      ...bulkJobRoutes(controllers.bulkJobs),
      ...trashRoutes(controllers.trash),
      ...accountRoutes(controllers.accounts),
      ...namedDatasetRoutes(controllers.namedDatasets, controllers.pairUploads),
      ...inpaintingRoutes(controllers.inpainting),
      ...administrationRoutes(controllers.administration),
      ...mediaProcessRoutes(controllers.mediaProcess),
      ...schedulingRoutes(controllers.scheduling),
      ...openInferenceRoutes(controllers.openInference),
      ...realtimeRoutes(controllers.realtime),
      ...metricsRoutes(controllers.metrics),
      ...systemRoutes(controllers.system),
      ...adminSessionRoutes(controllers.adminSessions),
    ],
    guards,
  );
}

/** The documentation page. */
export function documentationRoutes(): Router {
  const options = { swaggerOptions: { url: OPENAPI_PATH, persistAuthorization: true } };
  const page = lazyHandler(async () => {
    const { default: swaggerUi } = await import('swagger-ui-express');
    const files = swaggerUi.serveFiles(undefined, options);
    const html = swaggerUi
      .generateHTML(undefined, options)
      .replace('</body>', () => `${errorReference()}</body>`);
    return Router().use(...files, (_request, response) => response.send(html));
  });
  return Router().use([DOCUMENTATION_PATH, VERSIONED_DOCUMENTATION_PATH], page);
}
