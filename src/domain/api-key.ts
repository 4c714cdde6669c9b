import type { Scope } from './scopes.js';

/** First characters of every API key that the server generates. */
export const API_KEY_PREFIX = 'infk_';

/** Keys of the configuration with fewer characters can be guessed. */
export const SAFE_KEY_LENGTH = 24;

/** What an API key allows: what a key created with it must not exceed. */
export interface KeyGrant {
  readonly id: string;
  readonly scopes: readonly Scope[];
  /** When it stops working; null for never. */
  readonly expiresAt: Date | null;
  /** CIDR ranges of the addresses that may use it; empty for all. */
  readonly ipRanges: readonly string[];
  /** Requests per minute; null for no limit of its own. */
  readonly rateLimitPerMinute: number | null;
}

/** An API key of a user. Its secret is known to the user alone. */
export interface ApiKey extends KeyGrant {
  readonly userId: string;
  readonly name: string;
  /** SHA-256 of the whole key. */
  readonly sha256: Buffer;
  /** SHA-256 of the key before the last rotation, valid until {@link previousExpiresAt}. */
  readonly previousSha256: Buffer | null;
  readonly previousExpiresAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly createdAt: Date;
}

/** What is stored of a new key. */
export type NewApiKey = Omit<ApiKey, 'previousSha256' | 'previousExpiresAt' | 'lastUsedAt' | 'createdAt'>;

/** What may be changed about a key. */
export type ApiKeyChanges = Partial<
  Pick<ApiKey, 'name' | 'scopes' | 'expiresAt' | 'ipRanges' | 'rateLimitPerMinute'>
>;
