import { ApiKeyDao } from './api-key.dao.js';
import { AuditLogDao } from './audit-log.dao.js';
import { CreditTransactionDao } from './credit-transaction.dao.js';
import type { DaoContext } from './dao.js';
import { DatasetItemDao } from './dataset-item.dao.js';
import { DatasetSummaryDao } from './dataset-summary.dao.js';
import { DatasetDao } from './dataset.dao.js';
import { IdempotencyKeyDao } from './idempotency-key.dao.js';
import { IdentityDao } from './identity.dao.js';
import { InferenceJobDao } from './inference-job.dao.js';
import { JobEventDao } from './job-event.dao.js';
import { JobSpeedDao } from './job-speed.dao.js';
import { JobScheduleDao } from './job-schedule.dao.js';
import { MediaListDao } from './media-list.dao.js';
import { MediaProcessDao } from './media-process.dao.js';
import { MediaPreviewDao } from './media-preview.dao.js';
import { MediaDao } from './media.dao.js';
import { NetworkRightDao } from './network-right.dao.js';
import { PriceDao } from './price.dao.js';
import { RateCountDao } from './rate-count.dao.js';
import { RealtimeDao } from './realtime.dao.js';
import { ResultChunkDao } from './result-chunk.dao.js';
import { ResultMediaDao } from './result-media.dao.js';
import { ResultDao } from './result.dao.js';
import { RevokedSessionDao } from './revoked-session.dao.js';
import { ServoGoalDao } from './servo-goal.dao.js';
import { ServoSessionDao } from './servo-session.dao.js';
import { RetentionDao } from './retention.dao.js';
import { TagDao } from './tag.dao.js';
import { ImportDao } from './import.dao.js';
import { UploadDao } from './upload.dao.js';
import { TrashDao } from './trash.dao.js';
import { MetricsDao } from './metrics.dao.js';
import { UsageDao } from './usage.dao.js';
import { UserSessionDao } from './user-session.dao.js';
import { UserDao } from './user.dao.js';
import { UserQuotaDao } from './user-quota.dao.js';
import { WebhookDeliveryDao } from './webhook-delivery.dao.js';
import { WebhookEventDao } from './webhook-event.dao.js';
import { WebhookDao } from './webhook.dao.js';

/** The DAOs used by repositories. */
export interface Daos {
  readonly users: UserDao;
  readonly userQuotas: UserQuotaDao;
  readonly auditLog: AuditLogDao;
  readonly creditTransactions: CreditTransactionDao;
  readonly prices: PriceDao;
  readonly datasets: DatasetDao;
  readonly datasetSummaries: DatasetSummaryDao;
  readonly tags: TagDao;
  readonly media: MediaDao;
  readonly mediaList: MediaListDao;
  readonly mediaProcess: MediaProcessDao;
  readonly mediaPreviews: MediaPreviewDao;
  readonly datasetItems: DatasetItemDao;
  readonly inferenceJobs: InferenceJobDao;
  readonly jobEvents: JobEventDao;
  readonly jobSchedule: JobScheduleDao;
  readonly jobSpeeds: JobSpeedDao;
  readonly results: ResultDao;
  readonly resultChunks: ResultChunkDao;
  readonly resultMedia: ResultMediaDao;
  readonly idempotencyKeys: IdempotencyKeyDao;
  readonly revokedSessions: RevokedSessionDao;
  readonly rateCounts: RateCountDao;
  readonly realtime: RealtimeDao;
  readonly servoSessions: ServoSessionDao;
  readonly servoGoals: ServoGoalDao;
  readonly apiKeys: ApiKeyDao;
  readonly webhooks: WebhookDao;
  readonly webhookEvents: WebhookEventDao;
  readonly webhookDeliveries: WebhookDeliveryDao;
  readonly userSessions: UserSessionDao;
  readonly uploads: UploadDao;
  readonly imports: ImportDao;
  readonly identities: IdentityDao;
  readonly networkRights: NetworkRightDao;
  readonly usage: UsageDao;
  readonly metrics: MetricsDao;
  readonly trash: TrashDao;
  readonly retention: RetentionDao;
}

/** Creates one DAO per table, all bound to the same transaction, or to none. */
export function createDaos(context: DaoContext): Daos {
  return {
    users: new UserDao(context),
    userQuotas: new UserQuotaDao(context),
    auditLog: new AuditLogDao(context),
    creditTransactions: new CreditTransactionDao(context),
    prices: new PriceDao(context),
    datasets: new DatasetDao(context),
    datasetSummaries: new DatasetSummaryDao(context),
    tags: new TagDao(context),
    media: new MediaDao(context),
    mediaList: new MediaListDao(context),
    mediaProcess: new MediaProcessDao(context),
    mediaPreviews: new MediaPreviewDao(context),
    datasetItems: new DatasetItemDao(context),
    inferenceJobs: new InferenceJobDao(context),
    jobEvents: new JobEventDao(context),
    jobSchedule: new JobScheduleDao(context),
    jobSpeeds: new JobSpeedDao(context),
    results: new ResultDao(context),
    resultChunks: new ResultChunkDao(context),
    resultMedia: new ResultMediaDao(context),
    idempotencyKeys: new IdempotencyKeyDao(context),
    revokedSessions: new RevokedSessionDao(context),
    rateCounts: new RateCountDao(context),
    realtime: new RealtimeDao(context),
    servoSessions: new ServoSessionDao(context),
    servoGoals: new ServoGoalDao(context),
    apiKeys: new ApiKeyDao(context),
    webhooks: new WebhookDao(context),
    webhookEvents: new WebhookEventDao(context),
    webhookDeliveries: new WebhookDeliveryDao(context),
    userSessions: new UserSessionDao(context),
    uploads: new UploadDao(context),
    imports: new ImportDao(context),
    identities: new IdentityDao(context),
    networkRights: new NetworkRightDao(context),
    usage: new UsageDao(context),
    metrics: new MetricsDao(context),
    trash: new TrashDao(context),
    retention: new RetentionDao(context),
  };
}
