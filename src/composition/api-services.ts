import { readFile } from 'node:fs/promises';
import type { Media } from '../domain/dataset.js';
import { IMAGE_MAX_BYTES } from '../schemas/classification.schema.js';
import { AdminService } from '../services/admin.service.js';
import { SharedLoginAttempts } from '../services/auth-login-attempts.js';
import { PasswordService } from '../services/password.service.js';
import { UserSessionService } from '../services/user-session.service.js';
import { PasswordHasher } from '../services/auth-password.js';
import { AuthService } from '../services/auth.service.js';
import { AuditService } from '../services/audit.service.js';
import { AccountService } from '../services/account.service.js';
import { AdministrationService } from '../services/administration.service.js';
import { DatasetFileService } from '../services/dataset-file.service.js';
import { ClassificationService } from '../services/classification.service.js';
import { DetectionService } from '../services/detection.service.js';
import { DatasetService } from '../services/dataset.service.js';
import { JobOrderService } from '../services/job-order.service.js';
import { HealthService } from '../services/health.service.js';
import { LedgerInferencePayment } from '../services/inference-payment.js';
import { OpenInferenceService } from '../services/open-inference.service.js';
import { NetworkStatus } from '../services/network-status.js';
import { NetworkService } from '../services/network.service.js';
import { QuotaService } from '../services/quota.service.js';
import { DatabaseSharedCounts } from '../services/shared-counts.js';
import { REQUEST_COUNTS } from '../middlewares/rate-limit.js';
import { ImageCharges } from '../services/image-charges.js';
import { LinkUserService } from '../services/link-user.service.js';
import { DownloadLinks } from '../services/token-download-link.js';
import { TokenService } from '../services/token.service.js';
import { UploadService } from '../services/upload.service.js';
import { UserService } from '../services/user.service.js';
import { WebhookService } from '../services/webhook.service.js';
import { classificationTask } from '../tasks/classification/task.js';
import { TASK_NAMES } from '../tasks/index.js';
import { detectionTask } from '../tasks/detection/task.js';
import { MemoryBudget } from '../lifecycle/memory-budget.js';
import type { ApiDeps } from './api-deps.js';
import { createKeyServices } from './api-keys.js';

/** Memory budget for images read from disk; further ones wait. */
const IMAGE_MEMORY_BYTES = 32 * 2 ** 20;

/** Creates the services of an api process. */
export function createServices({
  settings,
  unitOfWork,
  orphanedJobs,
  keys,
  uploads,
  probes,
  networks,
  jobEngineNetworks,
  logger,
  countMaxWaitMs,
}: ApiDeps) {
  const passwords = new PasswordHasher(settings.accounts.bcryptRounds);
  const attempts = createAttempts(unitOfWork, settings, countMaxWaitMs);
  const tokens = createTokens(keys, settings);
  const charges = new ImageCharges(unitOfWork, classificationTask.pricePreset);
  const links = new DownloadLinks(keys.linkKey);
  const networkStatus = new NetworkStatus(networks.catalogue, networks.engines, jobEngineNetworks);
  const sessions = new UserSessionService({
    unitOfWork,
    tokens,
    attempts,
    log: logger.child({ component: 'sessions' }),
    refreshSeconds: settings.token.refreshSeconds,
  });
  const auth = new AuthService({ unitOfWork, passwords, tokens, attempts, sessions });
  return {
    tokens,
    auth,
    sessions,
    passwords: new PasswordService({ unitOfWork, passwords, auth, sessions, attempts }),
    ...createKeyServices({ settings, unitOfWork, logger, countMaxWaitMs }, auth, attempts),
    users: new UserService(unitOfWork),
    ...createLimitedServices({ settings, unitOfWork, uploads, countMaxWaitMs }),
    webhooks: new WebhookService(unitOfWork, settings.webhooks),
    admins: new AdminService(unitOfWork, passwords),
    audit: new AuditService(unitOfWork, logger.child({ component: 'audit' })),
    accounts: new AccountService({
      unitOfWork,
      passwords,
      orphans: orphanedJobs,
      onError: (error) => logger.warn('Jobs of a deleted account could not be ended yet.', { err: error }),
    }),
    administration: new AdministrationService(unitOfWork),
    datasets: new DatasetService(unitOfWork),
    datasetFiles: new DatasetFileService(unitOfWork, uploads.store, uploads.frames),
    ...createImageServices({ unitOfWork, uploads, networks }, charges),
    networkStatus,
    openInference: createOpenInference({ networkStatus, networks, charges }),
    networks: new NetworkService(networks.catalogue, networks.engines),
    health: new HealthService(probes),
    links,
    linkUsers: new LinkUserService(links, unitOfWork.read.users),
  };
}

/** Creates what limits users, and what is limited. */
const createLimitedServices = ({
  settings,
  unitOfWork,
  uploads,
  countMaxWaitMs,
}: Pick<ApiDeps, 'settings' | 'unitOfWork' | 'uploads' | 'countMaxWaitMs'>) => ({
  quotas: createQuotas(unitOfWork, settings, countMaxWaitMs),
  uploads: new UploadService(unitOfWork, uploads, settings.quota),
  jobOrder: new JobOrderService(unitOfWork, TASK_NAMES),
});

/** Requests of users are counted like those of addresses, apart from them. */
function createQuotas(
  unitOfWork: ApiDeps['unitOfWork'],
  { quota: defaults }: ApiDeps['settings'],
  maxWaitMs?: number,
): QuotaService {
  const options = { name: 'user-requests', windowSeconds: REQUEST_COUNTS.windowSeconds, maxWaitMs };
  const requests = new DatabaseSharedCounts(unitOfWork.read.rateCounts, options);
  return new QuotaService({ unitOfWork, defaults, requests });
}

const createOpenInference = (parts: {
  networkStatus: NetworkStatus;
  networks: ApiDeps['networks'];
  charges: ImageCharges;
}): OpenInferenceService =>
  new OpenInferenceService(
    parts.networkStatus,
    parts.networks.engines,
    new LedgerInferencePayment(parts.charges),
  );

const createTokens = (keys: ApiDeps['keys'], { token }: ApiDeps['settings']): TokenService =>
  new TokenService(keys, {
    issuer: token.issuer,
    audience: token.audience,
    accessSeconds: token.lifetimeSeconds,
  });

/**
 * Creates the services for synchronous inference on images, which share one memory budget for images read
 * from disk.
 */
function createImageServices(
  { unitOfWork, uploads, networks }: Pick<ApiDeps, 'unitOfWork' | 'uploads' | 'networks'>,
  charges: ImageCharges,
) {
  const images = {
    unitOfWork,
    ...networks,
    maxImageBytes: IMAGE_MAX_BYTES,
    imageMemory: new MemoryBudget(IMAGE_MEMORY_BYTES),
    readMedia: async ({ storageKey }: Media) => readFile(await uploads.store.path(storageKey)),
  };
  const detectionCharges = new ImageCharges(unitOfWork, detectionTask.pricePreset);
  return {
    classification: new ClassificationService({ ...images, charges }),
    detection: new DetectionService({ ...images, charges: detectionCharges }),
  };
}

const createAttempts = (
  { read }: ApiDeps['unitOfWork'],
  { accounts }: ApiDeps['settings'],
  maxWaitMs?: number,
): SharedLoginAttempts =>
  new SharedLoginAttempts(accounts.loginAttemptsPer15Minutes, read.rateCounts, { maxWaitMs });

/** See {@link createServices}. */
export type Services = ReturnType<typeof createServices>;
