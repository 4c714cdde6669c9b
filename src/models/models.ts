import type { Sequelize } from 'sequelize';
import { defineAssociations } from './associations.js';
import { defineCreditTransactionModel, type CreditTransactionModel } from './credit-transaction.model.js';
import { defineDatasetItemModel, type DatasetItemModel } from './dataset-item.model.js';
import { defineDatasetModel, type DatasetModel } from './dataset.model.js';
import { defineIdempotencyKeyModel, type IdempotencyKeyModel } from './idempotency-key.model.js';
import { defineInferenceJobModel, type InferenceJobModel } from './inference-job.model.js';
import { defineJobEventModel, type JobEventModel } from './job-event.model.js';
import { defineMediaModel, type MediaModel } from './media.model.js';
import { definePriceModel, type PriceModel } from './price.model.js';
import { defineResultChunkModel, type ResultChunkModel } from './result-chunk.model.js';
import { defineResultModel, type ResultModel } from './result.model.js';
import { defineRevokedSessionModel, type RevokedSessionModel } from './revoked-session.model.js';
import { defineTagModel, type TagModel } from './tag.model.js';
import { defineUserModel, type UserModel } from './user.model.js';

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
}

/**
 * Defines every table and relation on `sequelize`. Classes belong to one pool, never to the process, so that
 * several databases can be used side by side. The outbox has no class: only the queue speaks to it, in SQL.
 */
export function defineModels(sequelize: Sequelize): Models {
  const models: Models = {
    users: defineUserModel(sequelize),
    creditTransactions: defineCreditTransactionModel(sequelize),
    prices: definePriceModel(sequelize),
    tags: defineTagModel(sequelize),
    datasets: defineDatasetModel(sequelize),
    media: defineMediaModel(sequelize),
    datasetItems: defineDatasetItemModel(sequelize),
    inferenceJobs: defineInferenceJobModel(sequelize),
    results: defineResultModel(sequelize),
    resultChunks: defineResultChunkModel(sequelize),
    jobEvents: defineJobEventModel(sequelize),
    idempotencyKeys: defineIdempotencyKeyModel(sequelize),
    revokedSessions: defineRevokedSessionModel(sequelize),
  };
  defineAssociations(models);
  return models;
}
