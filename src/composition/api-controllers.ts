import { AccountAdminController } from '../controllers/account-admin.controller.js';
import { AccountController } from '../controllers/account.controller.js';
import { AdministrationController } from '../controllers/administration.controller.js';
import { AdminSessionController } from '../controllers/admin-session.controller.js';
import { ApiKeyController } from '../controllers/api-key.controller.js';
import { AuthController } from '../controllers/auth.controller.js';
import { ClassificationController } from '../controllers/classification.controller.js';
import { DreamController } from '../controllers/dream.controller.js';
import { DatasetArchiveController } from '../controllers/dataset-archive.controller.js';
import { DatasetController } from '../controllers/dataset.controller.js';
import { ImportController } from '../controllers/import.controller.js';
import { InferenceController } from '../controllers/inference.controller.js';
import { InpaintingController } from '../controllers/inpainting.controller.js';
import { BulkJobController } from '../controllers/bulk-jobs.controller.js';
import { JobController, type JobControllerDeps } from '../controllers/job.controller.js';
import { JobTimeService } from '../services/job-time.service.js';
import { BulkJobService, type BulkJobServiceDeps } from '../services/bulk-jobs.service.js';
import { MediaProcessController } from '../controllers/media-process.controller.js';
import { ResultMediaController } from '../controllers/result-media.controller.js';
import { MediaController } from '../controllers/media.controller.js';
import { NamedDatasetController } from '../controllers/named-dataset.controller.js';
import { OidcController } from '../controllers/oidc.controller.js';
import { PasswordPageController } from '../controllers/password-page.controller.js';
import { PairUploadController } from '../controllers/pair-upload.controller.js';
import { PublicLinks } from '../controllers/public-links.js';
import { MultipartUploadController } from '../controllers/multipart-upload.controller.js';
import { OpenInferenceController } from '../controllers/open-inference.controller.js';
import { NetworkRightController } from '../controllers/network-right.controller.js';
import { NetworkController } from '../controllers/network.controller.js';
import { PriceController } from '../controllers/price.controller.js';
import { QuotaController } from '../controllers/quota.controller.js';
import { RealtimeController } from '../controllers/realtime.controller.js';
import { SchedulingController } from '../controllers/scheduling.controller.js';
import {
  ServoSessionController,
  type ServoSessionControllerDeps,
} from '../controllers/servo-session.controller.js';
import { MetricsController } from '../controllers/metrics.controller.js';
import { SystemController } from '../controllers/system.controller.js';
import { IMAGE_TYPES, VIDEO_TYPES } from '../media/sniff.js';
import { ModelOfferService } from '../services/model-offers.service.js';
import { classificationTask } from '../tasks/classification/task.js';
import { detectionTask } from '../tasks/detection/task.js';
import { TASKS } from '../tasks/index.js';
import { openApiText } from './openapi-text.js';
import { TensorTexts } from '../protocols/open-inference/tensor-texts.js';
import { TusController } from '../controllers/tus.controller.js';
import { UploadController } from '../controllers/upload.controller.js';
import { TrashController } from '../controllers/trash.controller.js';
import { UserSessionController } from '../controllers/user-session.controller.js';
import { UserController } from '../controllers/user.controller.js';
import { WebhookController } from '../controllers/webhook.controller.js';
import type { Controllers } from '../routes/index.js';
import type { ApiDeps } from './api-deps.js';
import { bodyPace } from './body-pace.js';
import type { Realtime } from './api-realtime.js';
import type { Services } from './api-services.js';
import type { Servo } from './api-servo.js';
import { productVersion } from './product-version.js';

/** Formats of files in datasets. */
const STORED_FORMATS = { image: IMAGE_TYPES, video: VIDEO_TYPES };

/** Creates the controllers of accounts, datasets, inpainting and administration. */
function createNamedControllers(
  { settings, jobs, results }: ApiDeps,
  services: Services,
  waiters: Realtime['waiters'],
) {
  const { accounts, admins, administration, auth, datasets, datasetFiles, linkUsers, users } = services;
  const links = new PublicLinks(services.links, settings.http.publicUrl);
  const signatures = services.links;
  return {
    accounts: new AccountController(auth, accounts),
    mediaProcess: new MediaProcessController(services.mediaProcess),
    media: new MediaController({ media: services.media, links, linkUsers }),
    resultMedia: new ResultMediaController({ media: services.resultMedia, links, linkUsers }),
    datasets: new DatasetController(datasets, links),
    datasetArchives: new DatasetArchiveController({
      archives: services.datasetArchives,
      uploads: services.uploads,
      datasets,
      users,
      linkUsers,
    }),
    namedDatasets: new NamedDatasetController({ datasets, files: datasetFiles, links, linkUsers }),
    pairUploads: new PairUploadController(services.uploads, datasets, users),
    inpainting: new InpaintingController({
      jobs,
      results,
      datasets,
      users,
      links,
      signatures,
      linkUsers,
      waiters,
      networks: services.networks,
    }),
    passwordPage: new PasswordPageController(services.passwords),
    prices: new PriceController(services.prices),
    accountAdmin: new AccountAdminController(services.accountAdmin, services.passwords, links),
    administration: new AdministrationController({ administration, admins, links: signatures }),
    scheduling: new SchedulingController({ order: services.jobOrder, jobs, links: signatures }),
  };
}

/** Creates the controllers of uploads in several requests. */
function createIncomingControllers({ settings, incoming, uploads }: ApiDeps, services: Services) {
  const { publicUrl } = settings.http;
  const { incomingUploads, multipartUploads, tus } = services;
  const links = new PublicLinks(services.links, publicUrl);
  const pace = bodyPace(settings.http);
  const parts = { incoming: incomingUploads, multipart: multipartUploads, links };
  return {
    multipartUploads: new MultipartUploadController({ ...parts, pace }),
    dreams: new DreamController(parts),
    tus: new TusController({
      incoming: incomingUploads,
      protocol: tus,
      pace,
      prefix: publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/$/, ''),
      files: incoming.resumable,
      requireSpace: (bytes) => uploads.inspector.requireSpace(bytes),
    }),
  };
}

const createServoController = (
  { service, baseOf, maxFrameBytes }: Servo,
  deps: Pick<ServoSessionControllerDeps, 'users' | 'watchers'>,
): ServoSessionController =>
  new ServoSessionController({
    ...deps,
    servo: service,
    baseOf: (session, request) => baseOf(session, { protocol: request.protocol, host: request.get('host') }),
    maxFrameBytes,
  });

/** Creates the controllers of sign-in and of credentials. */
function createCredentialControllers({ keys, settings }: ApiDeps, services: Services) {
  const { auth, authenticator, tokens, apiKeys, oidc } = services;
  const links = new PublicLinks(services.links, settings.http.publicUrl);
  const oidcButton = oidc?.buttonName ?? null;
  return {
    auth: new AuthController(auth, keys.jwks),
    apiKeys: new ApiKeyController(apiKeys),
    userSessions: new UserSessionController(services.sessions, services.passwords),
    adminSessions: new AdminSessionController({ auth, authenticator, tokens, oidcButton }),
    oidc: new OidcController({ oidc, tokens, links }),
  };
}

const createSystemControllers = ({ probes }: ApiDeps, services: Services, version: string) => ({
  metrics: new MetricsController(services.metrics),
  system: new SystemController({
    health: services.health,
    databaseCheck: 'database',
    redisCheck: 'redis' in probes ? 'redis' : null,
    authenticator: services.authenticator,
    version,
    document: openApiText(version),
  }),
});

function createJobControllers(
  { read }: ApiDeps['unitOfWork'],
  deps: Omit<JobControllerDeps, 'times'> & BulkJobServiceDeps,
) {
  const { links } = deps;
  return {
    jobs: new JobController({ ...deps, times: new JobTimeService(read.jobSpeeds) }),
    bulkJobs: new BulkJobController({ bulk: new BulkJobService(deps), links }),
  };
}

function createNetworkController({ settings, unitOfWork }: ApiDeps, services: Services): NetworkController {
  const { maxBytes, maxFrames, maxImagePixels, maxVideoPixels } = settings.upload;
  const synchronous = [classificationTask.name, detectionTask.name];
  const offers = new ModelOfferService(unitOfWork.read.prices, TASKS, synchronous);
  const files = { formats: STORED_FORMATS, maxFileBytes: maxBytes, maxFrames, maxVideoPixels };
  return new NetworkController(
    services.networks,
    { statuses: services.networkStatus, offers, rights: services.networkRights },
    { timeoutMs: settings.inference.timeoutMs, maxImagePixels, files },
  );
}

/** Creates the controllers of all routes. */
export function createControllers(
  deps: ApiDeps,
  services: Services & { readonly servo: Servo },
  { registry, streams, watchers, waiters }: Realtime,
): Controllers {
  const { jobs, results } = deps;
  const { users, links, linkUsers, servo } = services;
  const version = productVersion();
  return {
    users: new UserController(users, services.admins),
    quotas: new QuotaController(services.quotas),
    uploads: new UploadController(services.uploads, users),
    ...createIncomingControllers(deps, services),
    imports: new ImportController(services.imports),
    inference: new InferenceController({
      jobs,
      results,
      users,
      links,
      linkUsers,
      waiters,
      networks: services.networks,
      webhooks: services.webhooks,
    }),
    classification: new ClassificationController({ ...services, users }),
    networks: createNetworkController(deps, services),
    networkRights: new NetworkRightController(services.networkRightsAdmin),
    ...createJobControllers(deps.unitOfWork, { jobs, networks: services.networks, streams, waiters, links }),
    webhooks: new WebhookController(services.webhooks),
    trash: new TrashController(services.trash),
    openInference: new OpenInferenceController({
      inference: services.openInference,
      health: services.health,
      version,
      texts: new TensorTexts(),
    }),
    servo: createServoController(servo, { users, watchers }),
    realtime: new RealtimeController(
      {
        connections: (userId) => registry.count('ws', userId),
        notify: (userId, message) => deps.unitOfWork.read.realtime.announce(userId, message),
      },
      services.tickets,
    ),
    ...createCredentialControllers(deps, services),
    ...createSystemControllers(deps, services, version),
    ...createNamedControllers(deps, services, waiters),
  };
}
