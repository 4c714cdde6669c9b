import type { ApiKeyDao } from '../dao/api-key.dao.js';
import type { ApiKey, ApiKeyChanges, NewApiKey } from '../domain/api-key.js';
import type { ApiKeyRepository } from '../domain/repositories/api-key.repository.js';
import { notFound } from '../errors/common-errors.js';

type OwnedKey = Pick<ApiKey, 'id' | 'userId'>;

/** API keys in PostgreSQL. */
export class PostgresApiKeyRepository implements ApiKeyRepository {
  readonly #keys: ApiKeyDao;

  constructor(keys: ApiKeyDao) {
    this.#keys = keys;
  }

  async create(key: NewApiKey): Promise<ApiKey> {
    return this.#keys.insert(key);
  }

  async findByIds(ids: readonly string[]): Promise<readonly ApiKey[]> {
    return this.#keys.findByIds(ids);
  }

  async requireOwned(id: string, userId: string): Promise<ApiKey> {
    return found(id, await this.#keys.find({ id, userId }));
  }

  async listByUser(userId: string): Promise<readonly ApiKey[]> {
    return this.#keys.listByUser(userId);
  }

  async countByUser(userId: string): Promise<number> {
    return this.#keys.countByUser(userId);
  }

  async update(key: OwnedKey, changes: ApiKeyChanges): Promise<ApiKey> {
    return found(key.id, await this.#keys.update(key, changes));
  }

  async replaceSecret(key: OwnedKey, secret: Pick<ApiKey, 'sha256' | 'previousExpiresAt'>): Promise<ApiKey> {
    return found(key.id, await this.#keys.replaceSecret(key, secret));
  }

  async markUsed(id: string): Promise<void> {
    await this.#keys.markUsed(id);
  }

  async remove(key: OwnedKey): Promise<void> {
    if (!(await this.#keys.remove(key))) throw notFound('API key', key.id);
  }

  async removeByUser(userId: string): Promise<void> {
    await this.#keys.removeByUser(userId);
  }
}

function found(id: string, key: ApiKey | null): ApiKey {
  if (!key) throw notFound('API key', id);
  return key;
}
