import type { Sequelize } from 'sequelize';
import { defineAssociations } from './associations.js';
import { defineCreditTransactionModel } from './credit-transaction.model.js';
import { defineDatasetItemModel } from './dataset-item.model.js';
import { defineDatasetModel } from './dataset.model.js';
import { defineIdempotencyKeyModel } from './idempotency-key.model.js';
import { defineInferenceJobModel } from './inference-job.model.js';
import { defineJobEventModel } from './job-event.model.js';
import { defineMediaModel } from './media.model.js';
import { definePriceModel } from './price.model.js';
import { defineResultChunkModel } from './result-chunk.model.js';
import { defineResultModel } from './result.model.js';
import { defineRevokedSessionModel } from './revoked-session.model.js';
import { defineServoSessionModel } from './servo-session.model.js';
import { defineTagModel } from './tag.model.js';
import type { Models } from './model-classes.js';
import { defineUserModel } from './user.model.js';

/**
 * Defines all tables and relations on `sequelize`. Classes belong to one connection pool, not to the process, so that
 * several databases can be used side by side. Tables that are read and written in SQL alone have no class.
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
    servoSessions: defineServoSessionModel(sequelize),
  };
  defineAssociations(models);
  return models;
}
