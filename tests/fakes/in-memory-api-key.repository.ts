import type { ApiKey, ApiKeyChanges, NewApiKey } from '../../src/domain/api-key.js';
import type { ApiKeyRepository } from '../../src/domain/repositories/api-key.repository.js';
import { notFound } from '../../src/errors/common-errors.js';
import type { InMemoryStore } from './in-memory-store.js';

type OwnedKey = Pick<ApiKey, 'id' | 'userId'>;

const MINUTE_MS = 60_000;

/** API keys in memory. */
export class InMemoryApiKeyRepository implements ApiKeyRepository {
  readonly #store: InMemoryStore;

  constructor(store: InMemoryStore) {
    this.#store = store;
  }

  async create(key: NewApiKey): Promise<ApiKey> {
    const row = {
      ...key,
      previousSha256: null,
      previousExpiresAt: null,
      lastUsedAt: null,
      createdAt: this.#store.now(),
    };
    this.#store.apiKeys.set(key.id, row);
    return row;
  }

  async findByIds(ids: readonly string[]): Promise<readonly ApiKey[]> {
    return ids.flatMap((id) => this.#store.apiKeys.get(id) ?? []);
  }

  async requireOwned(id: string, userId: string): Promise<ApiKey> {
    const key = this.#store.apiKeys.get(id);
    if (key?.userId !== userId) throw notFound('API key', id);
    return key;
  }

  async listByUser(userId: string): Promise<readonly ApiKey[]> {
    return [...this.#store.apiKeys.values()].filter((key) => key.userId === userId);
  }

  async countByUser(userId: string): Promise<number> {
    return (await this.listByUser(userId)).length;
  }

  async update(key: OwnedKey, changes: ApiKeyChanges): Promise<ApiKey> {
    return this.#change(key, changes);
  }

  async replaceSecret(
    key: OwnedKey,
    { sha256, previousExpiresAt }: Pick<ApiKey, 'sha256' | 'previousExpiresAt'>,
  ): Promise<ApiKey> {
    const { sha256: old } = await this.requireOwned(key.id, key.userId);
    return this.#change(key, {
      sha256,
      previousExpiresAt,
      previousSha256: previousExpiresAt === null ? null : old,
    });
  }

  async markUsed(id: string): Promise<void> {
    const key = this.#store.apiKeys.get(id);
    const now = this.#store.now();
    const isRecent = key?.lastUsedAt && now.getTime() - key.lastUsedAt.getTime() <= MINUTE_MS;
    if (key && !isRecent) this.#store.apiKeys.set(id, { ...key, lastUsedAt: now });
  }

  async remove(key: OwnedKey): Promise<void> {
    await this.requireOwned(key.id, key.userId);
    this.#store.apiKeys.delete(key.id);
  }

  async removeByUser(userId: string): Promise<void> {
    for (const { id } of await this.listByUser(userId)) this.#store.apiKeys.delete(id);
  }

  async #change({ id, userId }: OwnedKey, changes: Partial<ApiKey>): Promise<ApiKey> {
    const row = { ...(await this.requireOwned(id, userId)), ...changes };
    this.#store.apiKeys.set(id, row);
    return row;
  }
}
