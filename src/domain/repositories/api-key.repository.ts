import type { ApiKey, ApiKeyChanges, NewApiKey } from '../api-key.js';

/** API keys of users. Methods with `userId` treat the keys of other users as missing. */
export interface ApiKeyRepository {
  create(key: NewApiKey): Promise<ApiKey>;
  /** Existing keys with these ids, in any order. */
  findByIds(ids: readonly string[]): Promise<readonly ApiKey[]>;
  /** @throws AppError NOT_FOUND */
  requireOwned(id: string, userId: string): Promise<ApiKey>;
  /** Oldest first. */
  listByUser(userId: string): Promise<readonly ApiKey[]>;
  countByUser(userId: string): Promise<number>;
  /** Changes the given fields, at least one. @throws AppError NOT_FOUND */
  update(key: Pick<ApiKey, 'id' | 'userId'>, changes: ApiKeyChanges): Promise<ApiKey>;
  /**
   * Replaces the secret; the old one stays valid until `previousExpiresAt`, or ends now when that is null.
   * @throws AppError NOT_FOUND
   */
  replaceSecret(
    key: Pick<ApiKey, 'id' | 'userId'>,
    secret: Pick<ApiKey, 'sha256' | 'previousExpiresAt'>,
  ): Promise<ApiKey>;
  /** Sets the time of the last use; at most one write a minute. */
  markUsed(id: string): Promise<void>;
  /** @throws AppError NOT_FOUND */
  remove(key: Pick<ApiKey, 'id' | 'userId'>): Promise<void>;
  removeByUser(userId: string): Promise<void>;
}
