import type { AuditRepository } from '../audit.js';
import type { MetricsRepository } from '../metrics.js';
import type { RateCountRepository } from '../rate-count.js';
import type { UsageRepository } from '../usage.js';
import type { ApiKeyRepository } from './api-key.repository.js';
import type { DatasetRepository } from './dataset.repository.js';
import type { IdempotencyRepository } from './idempotency.repository.js';
import type { IdentityRepository } from './identity.repository.js';
import type { JobSpeedRepository } from './job-speed.repository.js';
import type { JobRepository } from './job.repository.js';
import type { LedgerRepository, PriceRepository } from './ledger.repository.js';
import type { MediaProcessRepository } from './media-process.repository.js';
import type { MediaRepository } from './media.repository.js';
import type { PreviewRepository } from './preview.repository.js';
import type { NetworkRightRepository } from './network-right.repository.js';
import type { QuotaRepository } from './quota.repository.js';
import type { RealtimeRepository } from './realtime.repository.js';
import type { ResultMediaRepository } from './result-media.repository.js';
import type { ResultRepository } from './result.repository.js';
import type { ScheduleRepository } from './schedule.repository.js';
import type { ServoSessionRepository } from './servo-session.repository.js';
import type { SessionRepository } from './session.repository.js';
import type { ImportRepository } from './import.repository.js';
import type { UploadRepository } from './upload.repository.js';
import type { RetentionRepository, TrashRepository } from './trash.repository.js';
import type { UserSessionRepository } from './user-session.repository.js';
import type { UserRepository } from './user.repository.js';
import type { WebhookDeliveryRepository } from './webhook-delivery.repository.js';
import type { WebhookRepository } from './webhook.repository.js';

/** All repositories, bound to one transaction, or to none for plain reads. */
export interface Repositories {
  readonly users: UserRepository;
  readonly ledger: LedgerRepository;
  readonly prices: PriceRepository;
  readonly datasets: DatasetRepository;
  readonly media: MediaRepository;
  readonly mediaProcess: MediaProcessRepository;
  readonly previews: PreviewRepository;
  readonly jobs: JobRepository;
  readonly schedule: ScheduleRepository;
  readonly jobSpeeds: JobSpeedRepository;
  readonly quotas: QuotaRepository;
  readonly results: ResultRepository;
  readonly resultMedia: ResultMediaRepository;
  readonly idempotency: IdempotencyRepository;
  readonly sessions: SessionRepository;
  readonly rateCounts: RateCountRepository;
  readonly realtime: RealtimeRepository;
  readonly audit: AuditRepository;
  readonly servoSessions: ServoSessionRepository;
  readonly apiKeys: ApiKeyRepository;
  readonly webhooks: WebhookRepository;
  readonly webhookDeliveries: WebhookDeliveryRepository;
  readonly userSessions: UserSessionRepository;
  readonly uploads: UploadRepository;
  readonly imports: ImportRepository;
  readonly identities: IdentityRepository;
  readonly networkRights: NetworkRightRepository;
  readonly usage: UsageRepository;
  readonly metrics: MetricsRepository;
  readonly trash: TrashRepository;
  readonly retention: RetentionRepository;
}

/** A transaction: its repositories, queue and commit hooks. */
export interface TransactionScope extends Repositories {
  /** Enqueues within this transaction: rolled back with it, and visible to workers only after commit. */
  enqueue(job: EnqueueRequest): Promise<void>;
  /** Registers an effect to run after a successful commit; it does not run when the transaction fails. */
  afterCommit(effect: () => void | Promise<void>): void;
}

/** A queue message; contains only the id of the row. */
export type EnqueueRequest = {
  /** Deduplication id: the queue drops repeated messages. Must not contain ':'. */
  readonly dedupeId: string;
} & (
  | { readonly name: 'inference.run'; readonly payload: { readonly jobId: string } }
  | { readonly name: 'media.preview'; readonly payload: { readonly sha256: string } }
  | {
      readonly name: 'webhook.deliver';
      readonly payload: { readonly webhookId: string; readonly turn: number };
    }
);

/** Opens transactions. Only serialisation failures and deadlocks are retried, a few times. */
export interface UnitOfWork {
  run<Value>(work: (scope: TransactionScope) => Promise<Value>): Promise<Value>;
  /** Repositories outside a transaction, for reads. */
  readonly read: Repositories;
}
