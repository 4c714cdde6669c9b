import type { Daos } from '../dao/daos.js';
import type { Repositories } from '../domain/repositories/unit-of-work.js';
import { PostgresApiKeyRepository } from './api-key.repository.js';
import { PostgresAuditRepository } from './audit.repository.js';
import { translating } from './database-errors.js';
import { PostgresDatasetRepository } from './dataset.repository.js';
import { PostgresIdempotencyRepository } from './idempotency.repository.js';
import { PostgresIdentityRepository } from './identity.repository.js';
import { PostgresJobRepository } from './job.repository.js';
import { PostgresJobSpeedRepository } from './job-speed.repository.js';
import { PostgresLedgerRepository } from './ledger.repository.js';
import { PostgresMediaProcessRepository } from './media-process.repository.js';
import { PostgresMediaRepository } from './media.repository.js';
import { PostgresPreviewRepository } from './preview.repository.js';
import { PostgresNetworkRightRepository } from './network-right.repository.js';
import { PostgresPriceRepository } from './price.repository.js';
import { PostgresQuotaRepository } from './quota.repository.js';
import { PostgresRateCountRepository } from './rate-count.repository.js';
import { PostgresRealtimeRepository } from './realtime.repository.js';
import { PostgresResultMediaRepository } from './result-media.repository.js';
import { PostgresResultRepository } from './result.repository.js';
import { PostgresScheduleRepository } from './schedule.repository.js';
import { PostgresServoSessionRepository } from './servo-session.repository.js';
import { PostgresSessionRepository } from './session.repository.js';
import { PostgresImportRepository } from './import.repository.js';
import { PostgresUploadRepository } from './upload.repository.js';
import { PostgresRetentionRepository } from './retention.repository.js';
import { PostgresTrashRepository } from './trash.repository.js';
import { PostgresMetricsRepository } from './metrics.repository.js';
import { PostgresUsageRepository } from './usage.repository.js';
import { PostgresUserSessionRepository } from './user-session.repository.js';
import { PostgresUserRepository } from './user.repository.js';
import { PostgresWebhookDeliveryRepository } from './webhook-delivery.repository.js';
import { PostgresWebhookRepository } from './webhook.repository.js';

/**
 * All repositories over `daos`, bound to the same transaction; database errors are translated to API errors.
 */
export function createRepositories(daos: Daos): Repositories {
  return {
    users: translating(new PostgresUserRepository(daos)),
    ledger: translating(new PostgresLedgerRepository(daos.users, daos.creditTransactions)),
    prices: translating(new PostgresPriceRepository(daos.prices)),
    datasets: translating(new PostgresDatasetRepository(daos)),
    media: translating(new PostgresMediaRepository(daos)),
    mediaProcess: translating(new PostgresMediaProcessRepository(daos)),
    previews: translating(new PostgresPreviewRepository(daos)),
    jobs: translating(new PostgresJobRepository(daos.inferenceJobs, daos.jobEvents, daos.webhookEvents)),
    jobSpeeds: translating(new PostgresJobSpeedRepository(daos.jobSpeeds)),
    quotas: translating(new PostgresQuotaRepository(daos.userQuotas)),
    schedule: translating(new PostgresScheduleRepository(daos.jobSchedule)),
    results: translating(new PostgresResultRepository(daos.results, daos.resultChunks)),
    resultMedia: translating(new PostgresResultMediaRepository(daos)),
    idempotency: translating(new PostgresIdempotencyRepository(daos.idempotencyKeys)),
    audit: translating(new PostgresAuditRepository(daos.auditLog)),
    sessions: translating(new PostgresSessionRepository(daos.revokedSessions)),
    rateCounts: translating(new PostgresRateCountRepository(daos.rateCounts)),
    realtime: translating(new PostgresRealtimeRepository(daos.realtime)),
    servoSessions: translating(new PostgresServoSessionRepository(daos.servoSessions, daos.servoGoals)),
    trash: translating(new PostgresTrashRepository(daos.trash)),
    retention: translating(new PostgresRetentionRepository(daos.retention)),
    metrics: translating(new PostgresMetricsRepository(daos.metrics)),
    usage: translating(new PostgresUsageRepository(daos.usage)),
    userSessions: translating(new PostgresUserSessionRepository(daos.userSessions)),
    imports: translating(new PostgresImportRepository(daos.imports)),
    uploads: translating(new PostgresUploadRepository(daos.uploads)),
    networkRights: translating(new PostgresNetworkRightRepository(daos.networkRights)),
    identities: translating(new PostgresIdentityRepository(daos.identities)),
    apiKeys: translating(new PostgresApiKeyRepository(daos.apiKeys)),
    webhooks: translating(new PostgresWebhookRepository(daos.webhooks)),
    webhookDeliveries: translating(
      new PostgresWebhookDeliveryRepository(daos.webhookDeliveries, daos.webhookEvents),
    ),
  };
}
