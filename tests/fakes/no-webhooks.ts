import type { WebhookDeliveryRepository } from '../../src/domain/repositories/webhook-delivery.repository.js';
import type { WebhookRepository } from '../../src/domain/repositories/webhook.repository.js';

const unsupported = async (): Promise<never> => {
  throw new Error('Tests of webhooks use PostgreSQL.');
};

/** Endpoints of users who have none. */
export const noWebhooks: WebhookRepository = {
  create: unsupported,
  findById: async () => null,
  requireOwned: unsupported,
  list: async () => ({ rows: [], nextCursor: null }),
  count: async () => 0,
  listEnabled: async () => [],
  lock: async () => null,
  update: unsupported,
  setSecrets: unsupported,
  setHealth: unsupported,
  remove: unsupported,
  removeAll: async () => undefined,
  removeFinished: async () => 0,
};

/** Deliveries of users who have no endpoint. */
export const noWebhookDeliveries: WebhookDeliveryRepository = {
  takeEvents: async () => [],
  create: unsupported,
  createProgress: unsupported,
  dropProgress: async () => undefined,
  dueWebhooks: async () => [],
  claim: async () => [],
  record: unsupported,
  release: unsupported,
  require: unsupported,
  list: async () => ({ rows: [], nextCursor: null }),
  redeliver: unsupported,
  hasten: async () => undefined,
  expire: async () => 0,
  prune: async () => undefined,
  removeFinishedBefore: async () => 0,
};
