import { v7 as uuid } from 'uuid';
import type { ApiKey, ApiKeyChanges, KeyGrant } from '../domain/api-key.js';
import type { AuditEntry } from '../domain/audit.js';
import type { TransactionScope, UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Principal } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import { forbidden, validationFailed } from '../errors/common-errors.js';
import { logContext } from '../logging/log-context.js';
import { digestOfSecret, generateSecret } from './secret-text.js';
import { isWithinRanges } from './ip-ranges.js';

/** A key with its secret, which is shown only once. */
export interface IssuedKey {
  readonly apiKey: ApiKey;
  readonly secret: string;
}

/** What a user asks for. */
export type ApiKeyRequest = Required<ApiKeyChanges>;

/** The API keys of users. Each change and its audit log entry are written in one transaction. */
export class ApiKeyService {
  readonly #unitOfWork: UnitOfWork;
  readonly #maxPerUser: number;
  readonly #now: () => Date;

  constructor(
    unitOfWork: UnitOfWork,
    { maxPerUser, now = () => new Date() }: { readonly maxPerUser: number; readonly now?: () => Date },
  ) {
    this.#unitOfWork = unitOfWork;
    this.#maxPerUser = maxPerUser;
    this.#now = now;
  }

  /** The caller's keys, oldest first. */
  list({ userId }: Principal): Promise<readonly ApiKey[]> {
    return this.#unitOfWork.read.apiKeys.listByUser(userId);
  }

  /** @throws AppError NOT_FOUND */
  get({ userId }: Principal, id: string): Promise<ApiKey> {
    return this.#unitOfWork.read.apiKeys.requireOwned(id, userId);
  }

  /** @throws AppError FORBIDDEN, KEY_EXCEEDS_CREATOR, TOO_MANY_API_KEYS, VALIDATION. */
  create(principal: Principal, request: ApiKeyRequest): Promise<IssuedKey> {
    this.#requireAllowed(principal, request, request.expiresAt);
    const { userId } = principal;
    return this.#unitOfWork.run(async (scope) => {
      // Concurrent requests of the user wait here, so that they cannot exceed the limit together.
      await scope.users.lock(userId);
      if ((await scope.apiKeys.countByUser(userId)) >= this.#maxPerUser) throw this.#tooMany();
      const id = uuid();
      const secret = generateSecret('infk_', id);
      const apiKey = await scope.apiKeys.create({ ...request, id, userId, sha256: digestOfSecret(secret) });
      await record(scope, principal, { action: 'createApiKey', key: apiKey });
      return { apiKey, secret };
    });
  }

  /** @throws AppError NOT_FOUND, FORBIDDEN, KEY_EXCEEDS_CREATOR, VALIDATION. */
  update(principal: Principal, id: string, changes: ApiKeyChanges): Promise<ApiKey> {
    return this.#unitOfWork.run(async (scope) => {
      await scope.users.lock(principal.userId);
      const key = await scope.apiKeys.requireOwned(id, principal.userId);
      this.#requireAllowed(principal, { ...key, ...changes }, changes.expiresAt ?? null);
      const updated = await scope.apiKeys.update(key, changes);
      await record(scope, principal, { action: 'updateApiKey', key: updated });
      return updated;
    });
  }

  /**
   * Replaces the secret. The old one stays valid for `graceSeconds`; the one before it ends now.
   * @throws AppError NOT_FOUND, FORBIDDEN, KEY_EXCEEDS_CREATOR.
   */
  rotate(principal: Principal, id: string, graceSeconds: number): Promise<IssuedKey> {
    const secret = generateSecret('infk_', id);
    const previousExpiresAt =
      graceSeconds === 0 ? null : new Date(this.#now().getTime() + graceSeconds * 1000);
    return this.#unitOfWork.run(async (scope) => {
      await scope.users.lock(principal.userId);
      const key = await scope.apiKeys.requireOwned(id, principal.userId);
      // The caller gets the secret of this key.
      this.#requireAllowed(principal, key, null);
      const sha256 = digestOfSecret(secret);
      const apiKey = await scope.apiKeys.replaceSecret(key, { sha256, previousExpiresAt });
      await record(scope, principal, { action: 'rotateApiKey', key: apiKey });
      return { apiKey, secret };
    });
  }

  /** @throws AppError NOT_FOUND */
  remove(principal: Principal, id: string): Promise<void> {
    return this.#unitOfWork.run(async (scope) => {
      const key = await scope.apiKeys.requireOwned(id, principal.userId);
      await scope.apiKeys.remove(key);
      await record(scope, principal, { action: 'deleteApiKey', key });
    });
  }

  /** @param newExpiry an expiry that is asked for, which must be in the future */
  #requireAllowed({ role, apiKey }: Principal, wanted: Omit<KeyGrant, 'id'>, newExpiry: Date | null): void {
    if (newExpiry && newExpiry <= this.#now())
      throw validationFailed([{ pointer: '/expiresAt', message: 'must be in the future', code: 'INVALID' }]);
    if (apiKey) requireWithin(apiKey, wanted);
    else if (wanted.scopes.includes('admin') && role !== 'admin')
      throw forbidden('The scope admin requires the admin role.');
  }

  #tooMany(): AppError {
    const message = `An account may have at most ${String(this.#maxPerUser)} API keys (API_KEYS_PER_USER).`;
    return new AppError('TOO_MANY_API_KEYS', { message, details: { limit: this.#maxPerUser } });
  }
}

/** A key never gives more than the key that made the request has. @throws AppError KEY_EXCEEDS_CREATOR */
function requireWithin(own: KeyGrant, wanted: Omit<KeyGrant, 'id'>): void {
  const more = wanted.scopes.filter((scope) => !own.scopes.includes(scope));
  if (more.length > 0) throw exceeds(`the scopes ${more.join(', ')}, which the key of this request lacks`);
  if (own.expiresAt && (wanted.expiresAt === null || wanted.expiresAt > own.expiresAt))
    throw exceeds(`an expiry after that of the key of this request, ${own.expiresAt.toISOString()}`);
  const { ipRanges } = own;
  const isWider =
    wanted.ipRanges.length === 0 || wanted.ipRanges.some((range) => !isWithinRanges(range, ipRanges));
  if (ipRanges.length > 0 && isWider)
    throw exceeds(`addresses outside of those of the key of this request, ${ipRanges.join(', ')}`);
  const limit = own.rateLimitPerMinute;
  if (limit !== null && (wanted.rateLimitPerMinute ?? Infinity) > limit)
    throw exceeds(`a higher rateLimitPerMinute than the key of this request, ${String(limit)}`);
}

const exceeds = (what: string): AppError =>
  new AppError('KEY_EXCEEDS_CREATOR', { message: `The API key would have ${what}.` });

async function record(
  { audit }: TransactionScope,
  principal: Principal,
  { action, key }: { readonly action: string; readonly key: ApiKey },
): Promise<void> {
  const { id, name, scopes, ipRanges, expiresAt } = key;
  const subject: AuditEntry['subject'] = {
    apiKeyId: id,
    name,
    scopes,
    ipRanges,
    expiresAt,
    ...(principal.apiKey && { byApiKey: principal.apiKey.id }),
  };
  const { requestId = null } = logContext();
  await audit.append({ actorId: principal.userId, actor: principal.email, action, subject, requestId });
}
