import type { CreditTransactionModel } from './credit-transaction.model.js';
import type { DatasetItemModel } from './dataset-item.model.js';
import type { DatasetModel } from './dataset.model.js';
import type { IdempotencyKeyModel } from './idempotency-key.model.js';
import type { InferenceJobModel } from './inference-job.model.js';
import type { JobEventModel } from './job-event.model.js';
import type { MediaModel } from './media.model.js';
import type { PriceModel } from './price.model.js';
import type { ResultChunkModel } from './result-chunk.model.js';
import type { ResultModel } from './result.model.js';
import type { RevokedSessionModel } from './revoked-session.model.js';
import type { ServoSessionModel } from './servo-session.model.js';
import type { TagModel } from './tag.model.js';
import type { UserModel } from './user.model.js';

/** All Sequelize classes of one connection pool. */
export interface Models {
  readonly users: UserModel;
  readonly creditTransactions: CreditTransactionModel;
  readonly prices: PriceModel;
  readonly tags: TagModel;
  readonly datasets: DatasetModel;
  readonly media: MediaModel;
  readonly datasetItems: DatasetItemModel;
  readonly inferenceJobs: InferenceJobModel;
  readonly results: ResultModel;
  readonly resultChunks: ResultChunkModel;
  readonly jobEvents: JobEventModel;
  readonly idempotencyKeys: IdempotencyKeyModel;
  readonly revokedSessions: RevokedSessionModel;
  readonly servoSessions: ServoSessionModel;
}
