import { AsyncLocalStorage } from 'node:async_hooks';
import type {
  Repositories,
  TransactionScope,
  UnitOfWork,
} from '../../src/domain/repositories/unit-of-work.js';
import { InMemoryApiKeyRepository } from './in-memory-api-key.repository.js';
import { InMemoryAuditRepository } from './in-memory-audit.repository.js';
import { InMemoryDatasetRepository } from './in-memory-dataset.repository.js';
import { InMemoryIdempotencyRepository } from './in-memory-idempotency.repository.js';
import { InMemoryIdentityRepository } from './in-memory-identity.repository.js';
import { InMemoryJobRepository } from './in-memory-job.repository.js';
import { InMemoryLedgerRepository } from './in-memory-ledger.repository.js';
import { InMemoryPriceRepository } from './in-memory-price.repository.js';
import { InMemoryQuotaRepository } from './in-memory-quota.repository.js';
import { InMemoryRateCountRepository } from './in-memory-rate-count.repository.js';
import { InMemoryRealtimeRepository } from './in-memory-realtime.repository.js';
import { InMemoryResultRepository } from './in-memory-result.repository.js';
import { InMemoryScheduleRepository } from './in-memory-schedule.repository.js';
import { InMemoryServoSessionRepository } from './in-memory-servo-session.repository.js';
import { InMemorySessionRepository } from './in-memory-session.repository.js';
import { InMemoryStore } from './in-memory-store.js';
import { InMemoryUserSessionRepository } from './in-memory-user-session.repository.js';
import { InMemoryUserRepository } from './in-memory-user.repository.js';
import { noMedia } from './no-media.js';
import { noMediaProcess } from './no-media-process.js';
import { noResultMedia } from './no-result-media.js';
import { noPreviews } from './no-previews.js';
import { noImports } from './no-imports.js';
import { noUploads } from './no-uploads.js';
import { noRetention, noTrash } from './no-trash.js';
import { openNetworks } from './open-networks.js';
import { noWebhookDeliveries, noWebhooks } from './no-webhooks.js';

type Effect = () => void | Promise<void>;

/**
 * Transactions in memory: one after another, undone from a snapshot when they fail. Unlike PostgreSQL, plain
 * reads see what an open transaction has written.
 */
export class InMemoryUnitOfWork implements UnitOfWork {
  readonly read: Repositories;
  /** Errors of effects after a commit. */
  readonly effectErrors: unknown[] = [];
  #last: Promise<unknown> = Promise.resolve();
  readonly #inside = new AsyncLocalStorage<true>();

  constructor(readonly store: InMemoryStore = new InMemoryStore()) {
    this.read = {
      users: new InMemoryUserRepository(store),
      audit: new InMemoryAuditRepository(),
      ledger: new InMemoryLedgerRepository(store),
      prices: new InMemoryPriceRepository(store),
      datasets: new InMemoryDatasetRepository(store),
      media: noMedia,
      mediaProcess: noMediaProcess,
      previews: noPreviews,
      resultMedia: noResultMedia,
      jobs: new InMemoryJobRepository(store),
      quotas: new InMemoryQuotaRepository(store),
      jobSpeeds: {
        kindOf: async () => null,
        speeds: async () => new Map(),
        waiting: async () => [],
        running: async () => [],
      },
      schedule: new InMemoryScheduleRepository(store),
      results: new InMemoryResultRepository(store),
      idempotency: new InMemoryIdempotencyRepository(store),
      sessions: new InMemorySessionRepository(store),
      rateCounts: new InMemoryRateCountRepository(),
      realtime: new InMemoryRealtimeRepository(),
      servoSessions: new InMemoryServoSessionRepository(store),
      apiKeys: new InMemoryApiKeyRepository(store),
      webhooks: noWebhooks,
      webhookDeliveries: noWebhookDeliveries,
      // Sums over many tables are a matter of SQL.
      usage: { daily: async () => [] },
      metrics: { read: async () => [], readStorage: async () => [], add: async () => undefined },
      userSessions: new InMemoryUserSessionRepository(store),
      uploads: noUploads,
      imports: noImports,
      identities: new InMemoryIdentityRepository(store),
      trash: noTrash,
      retention: noRetention,
      networkRights: openNetworks,
    };
  }

  async run<Value>(work: (scope: TransactionScope) => Promise<Value>): Promise<Value> {
    if (this.#inside.getStore()) throw new Error('A transaction was opened inside another one.');
    const effects: Effect[] = [];
    const turn = this.#last.then(() => this.#inside.run(true, () => this.#attempt(work, effects)));
    this.#last = turn.catch(() => undefined);
    const value = await turn;
    for (const effect of effects) {
      try {
        await effect();
      } catch (error) {
        this.effectErrors.push(error);
      }
    }
    return value;
  }

  async #attempt<Value>(
    work: (scope: TransactionScope) => Promise<Value>,
    effects: Effect[],
  ): Promise<Value> {
    const rollBack = this.store.snapshot();
    try {
      return await work({
        ...this.read,
        enqueue: async (request) => {
          if (!this.store.messages.has(request.dedupeId)) this.store.messages.set(request.dedupeId, request);
        },
        afterCommit: (effect) => void effects.push(effect),
      });
    } catch (error) {
      rollBack();
      throw error;
    }
  }
}
