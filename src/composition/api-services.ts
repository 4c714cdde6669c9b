import type { Media } from '../domain/dataset.js';
import { IMAGE_MAX_BYTES } from '../schemas/classification.schema.js';
import { StoredZips } from '../media/stored-zip.js';
import { DatasetArchiveService } from '../services/dataset-archive.service.js';
import { DatasetFileService } from '../services/dataset-file.service.js';
import { ClassificationService } from '../services/classification.service.js';
import { DetectionService } from '../services/detection.service.js';
import { DatasetService } from '../services/dataset.service.js';
import { MediaProcessService } from '../services/media-process.service.js';
import { ResultMediaService } from '../services/result-media.service.js';
import { MediaService } from '../services/media.service.js';
import { JobOrderService } from '../services/job-order.service.js';
import { MetricsService } from '../services/metrics.service.js';
import { HealthService } from '../services/health.service.js';
import { LedgerInferencePayment } from '../services/inference-payment.js';
import { OpenInferenceService } from '../services/open-inference.service.js';
import { NetworkStatus } from '../services/network-status.js';
import { NetworkRights, NetworkRightsAdmin } from '../services/network-rights.service.js';
import { NetworkService } from '../services/network.service.js';
import { QuotaService } from '../services/quota.service.js';
import { REQUEST_COUNTS } from '../middlewares/rate-limit.js';
import { ImageCharges } from '../services/image-charges.js';
import { LinkUserService } from '../services/link-user.service.js';
import { DownloadLinks } from '../services/token-download-link.js';
import { TrashService } from '../services/trash.service.js';
import { ImportService } from '../services/import.service.js';
import { UploadService } from '../services/upload.service.js';
import { WebhookService } from '../services/webhook.service.js';
import { classificationTask } from '../tasks/classification/task.js';
import { TASK_NAMES } from '../tasks/index.js';
import { detectionTask } from '../tasks/detection/task.js';
import { MemoryBudget } from '../lifecycle/memory-budget.js';
import { createAccountServices } from './api-accounts.js';
import { productVersion } from './product-version.js';
import { readStored } from './read-stored.js';
import type { ApiDeps } from './api-deps.js';
import { sharedCounts } from './shared-counts.js';
import { createIncomingUploads } from './api-uploads.js';

/** Memory budget for images read from disk; further ones wait. */
const IMAGE_MEMORY_BYTES = 32 * 2 ** 20;

/** Creates the services of an api process. */
export function createServices(deps: ApiDeps) {
  const { settings, unitOfWork, keys, uploads, probes, networks, jobEngineNetworks } = deps;
  const limited = createLimitedServices(deps);
  const charges = new ImageCharges(unitOfWork, classificationTask.pricePreset);
  const links = new DownloadLinks(keys.linkKey);
  const networkRights = new NetworkRights(unitOfWork.read.networkRights);
  const networkStatus = new NetworkStatus(networks.catalogue, networks.engines, jobEngineNetworks);
  return {
    ...createAccountServices(deps),
    ...limited,
    ...createIncomingUploads(deps, limited.uploads),
    webhooks: new WebhookService(unitOfWork, settings.webhooks),
    imports: new ImportService(unitOfWork, { ...settings.imports, quotas: settings.quota }),
    datasets: new DatasetService(unitOfWork),
    datasetArchives: new DatasetArchiveService({
      unitOfWork,
      store: uploads.store,
      writer: new StoredZips(),
      productVersion: productVersion(),
    }),
    mediaProcess: new MediaProcessService(unitOfWork),
    resultMedia: new ResultMediaService(unitOfWork, deps.results, uploads.store),
    media: new MediaService(unitOfWork, uploads.store, uploads.frames),
    datasetFiles: new DatasetFileService(unitOfWork, uploads.store, uploads.frames),
    ...createImageServices({ unitOfWork, uploads, networks, rights: networkRights }, charges),
    networkStatus,
    openInference: createOpenInference({ networkStatus, networks, charges, rights: networkRights }),
    networks: new NetworkService(networks.catalogue, networks.engines, networkRights),
    networkRights,
    networkRightsAdmin: new NetworkRightsAdmin(unitOfWork, networkRights),
    health: new HealthService(probes),
    metrics: new MetricsService(unitOfWork.read),
    links,
    linkUsers: new LinkUserService(links, unitOfWork.read.users),
  };
}

/** Creates what limits users, and what is limited. */
const createLimitedServices = (deps: ApiDeps) => {
  const { settings, unitOfWork, uploads } = deps;
  return {
    quotas: createQuotas(deps),
    uploads: new UploadService(unitOfWork, uploads, settings.quota),
    jobOrder: new JobOrderService(unitOfWork, TASK_NAMES),
    trash: new TrashService({ unitOfWork, days: settings.retentionDays.trash, limits: settings.quota }),
  };
};

/** Requests of users are counted like those of addresses, apart from them. */
const createQuotas = (deps: ApiDeps): QuotaService =>
  new QuotaService({
    unitOfWork: deps.unitOfWork,
    defaults: deps.settings.quota,
    requests: sharedCounts(deps, { ...REQUEST_COUNTS, name: 'user-requests' }),
  });

const createOpenInference = (parts: {
  networkStatus: NetworkStatus;
  networks: ApiDeps['networks'];
  charges: ImageCharges;
  rights: NetworkRights;
}): OpenInferenceService =>
  new OpenInferenceService({
    networks: parts.networkStatus,
    engines: parts.networks.engines,
    payment: new LedgerInferencePayment(parts.charges),
    rights: parts.rights,
  });

/**
 * Creates the services for synchronous inference on images, which share one memory budget for images read
 * from disk.
 */
function createImageServices(
  {
    unitOfWork,
    uploads,
    networks,
    rights,
  }: Pick<ApiDeps, 'unitOfWork' | 'uploads' | 'networks'> & { readonly rights: NetworkRights },
  charges: ImageCharges,
) {
  const images = {
    unitOfWork,
    ...networks,
    rights,
    maxImageBytes: IMAGE_MAX_BYTES,
    imageMemory: new MemoryBudget(IMAGE_MEMORY_BYTES),
    readMedia: (media: Media) => readStored(uploads.store, media),
  };
  const detectionCharges = new ImageCharges(unitOfWork, detectionTask.pricePreset);
  return {
    classification: new ClassificationService({ ...images, charges }),
    detection: new DetectionService({ ...images, charges: detectionCharges }),
  };
}

/** See {@link createServices}. */
export type Services = ReturnType<typeof createServices>;
