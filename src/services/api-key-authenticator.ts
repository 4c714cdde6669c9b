import { LRUCache } from 'lru-cache';
import { SAFE_KEY_LENGTH, type ApiKey, type KeyGrant } from '../domain/api-key.js';
import { atMostEntries } from '../domain/cache-limits.js';
import type { CredentialUse, Session } from '../domain/credential.js';
import type { SharedCounts } from '../domain/rate-count.js';
import type { Repositories } from '../domain/repositories/unit-of-work.js';
import { requireScope } from '../domain/scopes.js';
import type { User } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import { tokenProblem } from '../errors/common-errors.js';
import { digestOfSecret, idOfSecret, sameDigest } from './secret-text.js';
import type { WrongSecretCounts } from './auth-login-attempts.js';
import { BatchLookup } from './batch-lookup.js';
import type { EnvironmentKeys } from './environment-keys.js';
import { isInRanges } from './ip-ranges.js';

/** Compared with instead of the digest of a key that does not exist, so that both take the same time. */
const NO_DIGEST = Buffer.alloc(32);
const REMEMBERED_KEYS = 4096;
/** A wrong key never becomes right, so it is looked up once in this time. */
const WRONG_MS = 60_000;
const USE_RECORDED_EVERY_MS = 60_000;

/** Name and window of the shared counts of requests per key. */
export const KEY_REQUEST_COUNTS = { name: 'api keys', windowSeconds: 60 };

/** Dependencies of {@link ApiKeyAuthenticator}. */
export interface ApiKeyAuthenticatorDeps {
  readonly repositories: Pick<Repositories, 'apiKeys' | 'users'>;
  readonly environment: EnvironmentKeys;
  readonly attempts: WrongSecretCounts;
  /** Requests per key in the current minute. */
  readonly requests: SharedCounts;
  /** Receives errors of writing the last use, which no request waits for. */
  onError(error: unknown): void;
  readonly now?: () => Date;
}

/** A key whose secret is right. */
interface FoundKey {
  readonly grant: KeyGrant;
  readonly user: User | null;
  /** When this secret ends, which may be before its key does. */
  readonly expiresAt: Date | null;
  /** Undefined for keys of the configuration, whose use is not recorded. */
  readonly lastUsedAt?: Date | null;
}

/** Authenticates by API key. */
export class ApiKeyAuthenticator {
  readonly #deps: ApiKeyAuthenticatorDeps;
  readonly #now: () => Date;
  readonly #keys: BatchLookup<ApiKey>;
  readonly #users: BatchLookup<User>;
  /** Digests of keys that were right, which work also from an address without attempts left. */
  readonly #right = new LRUCache<string, true>(atMostEntries(REMEMBERED_KEYS));
  readonly #wrong = new LRUCache<string, true>({ ...atMostEntries(REMEMBERED_KEYS), ttl: WRONG_MS });
  /** Keys whose use is being written. */
  readonly #recording = new Set<string>();

  constructor(deps: ApiKeyAuthenticatorDeps) {
    this.#deps = deps;
    this.#now = deps.now ?? (() => new Date());
    const { apiKeys, users } = deps.repositories;
    this.#keys = new BatchLookup((ids) => apiKeys.findByIds(ids));
    this.#users = new BatchLookup((ids) => users.findByIds(ids));
  }

  /**
   * Identifies the caller and counts the use.
   * @throws AppError INVALID_API_KEY, API_KEY_EXPIRED, API_KEY_REVOKED, ADDRESS_NOT_ALLOWED, SCOPE_MISSING,
   *   API_KEY_NOT_ACCEPTED, RATE_LIMITED, TOO_MANY_ATTEMPTS.
   */
  async admit(key: string, use: CredentialUse): Promise<Session> {
    const digest = digestOfSecret(key);
    const remembered = digest.toString('base64');
    if (key.length < SAFE_KEY_LENGTH && !this.#right.has(remembered))
      await this.#deps.attempts.requireRoomAt(use.address);
    const found = await this.#find(key, digest);
    if (!found) {
      this.#right.delete(remembered);
      await this.#deps.attempts.countWrongSecret(use.address);
      throw tokenProblem('INVALID_API_KEY');
    }
    this.#right.set(remembered, true);
    const session = this.#sessionOf(found, use);
    await this.#countRequest(found.grant);
    this.#recordUse(found);
    return session;
  }

  /** Like {@link admit}, for a key that was admitted before: counts nothing. */
  async recheck(key: string, use: CredentialUse): Promise<Session> {
    const found = await this.#find(key, digestOfSecret(key));
    if (!found) throw tokenProblem('INVALID_API_KEY');
    return this.#sessionOf(found, use);
  }

  async #find(key: string, digest: Buffer): Promise<FoundKey | null> {
    const configured = await this.#deps.environment.find(digest);
    if (configured) return { ...configured, expiresAt: null };
    const id = idOfSecret('infk_', key);
    const remembered = digest.toString('base64');
    if (id === null || this.#wrong.has(remembered)) return null;
    const row = await this.#keys.find(id);
    const isCurrent = sameDigest(row?.sha256 ?? NO_DIGEST, digest);
    const isPrevious = sameDigest(row?.previousSha256 ?? NO_DIGEST, digest);
    if (!row || !(isCurrent || isPrevious)) {
      this.#wrong.set(remembered, true);
      return null;
    }
    const ends = [row.expiresAt, isCurrent ? null : row.previousExpiresAt].filter((end) => end !== null);
    const expiresAt = ends.length === 0 ? null : new Date(Math.min(...ends.map((end) => end.getTime())));
    return { grant: row, user: await this.#users.find(row.userId), expiresAt, lastUsedAt: row.lastUsedAt };
  }

  #sessionOf({ grant, user, expiresAt }: FoundKey, { address, scope }: CredentialUse): Session {
    if (user === null) throw tokenProblem('INVALID_API_KEY');
    if (user.disabledAt !== null) throw tokenProblem('API_KEY_REVOKED');
    if (expiresAt !== null && expiresAt <= this.#now()) throw tokenProblem('API_KEY_EXPIRED');
    if (grant.ipRanges.length > 0 && !isInRanges(address, grant.ipRanges)) {
      const message = `The API key may not be used from the address ${address}.`;
      throw new AppError('ADDRESS_NOT_ALLOWED', { message });
    }
    requireScope(grant.scopes, scope);
    const { id, scopes, ipRanges, rateLimitPerMinute } = grant;
    const principal = {
      userId: user.id,
      email: user.email,
      role: scopes.includes('admin') ? user.role : ('user' as const),
      balance: user.balance,
      // A secret in its grace time must not make keys that outlive it.
      apiKey: { id, scopes, ipRanges, rateLimitPerMinute, expiresAt },
    };
    return { principal, expiresAt };
  }

  async #countRequest({ id, rateLimitPerMinute: limit }: KeyGrant): Promise<void> {
    if (limit === null) return;
    const { requests } = this.#deps;
    const known = requests.peek(id);
    // Above the limit requests are no longer counted.
    const { points, endsAt } = known.points > limit ? known : await requests.add(id, limit / 2);
    if (points <= limit) return;
    throw new AppError('RATE_LIMITED', {
      message: `This API key sent more than ${String(limit)} requests in one minute (rateLimitPerMinute).`,
      retryAfterSeconds: (endsAt - this.#now().getTime()) / 1000,
    });
  }

  /** Records the last use at most once a minute; no request waits for it. */
  #recordUse({ grant: { id }, lastUsedAt }: FoundKey): void {
    if (lastUsedAt === undefined || this.#recording.has(id)) return;
    if (lastUsedAt !== null && this.#now().getTime() - lastUsedAt.getTime() < USE_RECORDED_EVERY_MS) return;
    this.#recording.add(id);
    this.#deps.repositories.apiKeys
      .markUsed(id)
      .catch(this.#deps.onError)
      .finally(() => this.#recording.delete(id));
  }
}
