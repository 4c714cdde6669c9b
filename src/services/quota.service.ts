import { LRUCache } from 'lru-cache';
import { v7 as uuid } from 'uuid';
import { atMostEntries } from '../domain/cache-limits.js';
import {
  effectiveLimits,
  type AdmittedUpload,
  type LimitOverrides,
  type Usage,
  type UserLimits,
} from '../domain/quota.js';
import type { SharedCounts } from '../domain/rate-count.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Principal } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import { notFound } from '../errors/common-errors.js';
import { requireUploadFits } from './upload-quota.js';

/** Limits of a user and what is used of them. */
export interface Quota {
  readonly limits: UserLimits;
  readonly usage: Usage;
}

/** Limits of a user as an admin set them, and as they apply with the settings. */
export interface LimitsOfUser {
  readonly overrides: LimitOverrides;
  readonly limits: UserLimits;
}

/** Dependencies of {@link QuotaService}. */
export interface QuotaServiceDeps {
  readonly unitOfWork: UnitOfWork;
  /** Limits of users without limits of their own. */
  readonly defaults: UserLimits;
  /** Requests per user and minute, over all api processes. */
  readonly requests: SharedCounts;
}

/** Time within which a changed limit of requests applies in all api processes. */
const LIMITS_AGE_MS = 10_000;
const MAX_USERS = 10_000;
const RENEWAL_MS = 60_000;
const MINUTE_SECONDS = 60;

const NO_OVERRIDES: LimitOverrides = {
  storageBytes: null,
  uploadBytesPerDay: null,
  waitingJobs: null,
  runningJobs: null,
  requestsPerMinute: null,
  weight: null,
};

/** Quotas of users. The limit of waiting jobs is applied when jobs are created, that of running jobs by workers. */
export class QuotaService {
  readonly #deps: QuotaServiceDeps;
  readonly #requestLimits = new LRUCache<string, { readonly limit: number }>({
    ...atMostEntries(MAX_USERS),
    ttl: LIMITS_AGE_MS,
  });

  constructor(deps: QuotaServiceDeps) {
    this.#deps = deps;
  }

  /** Limits and usage of a user. */
  async quota(userId: string): Promise<Quota> {
    const { quotas } = this.#deps.unitOfWork.read;
    const [overrides, usage] = await Promise.all([quotas.overrides(userId), quotas.usage(userId)]);
    return { limits: effectiveLimits(this.#deps.defaults, overrides), usage };
  }

  /** Requests that a user may still send within the current minute; null without a limit. */
  async requestsLeft(userId: string): Promise<number | null> {
    const limit = await this.#requestLimit(userId);
    if (limit === 0) return null;
    return Math.max(0, limit - (await this.#deps.requests.read(userId, 0)).points);
  }

  /** @throws AppError NOT_FOUND. */
  async limitsOf(userId: string): Promise<LimitsOfUser> {
    const { users, quotas } = this.#deps.unitOfWork.read;
    if (!(await users.findById(userId))) throw notFound('User', userId);
    return this.#described((await quotas.overrides(userId)) ?? NO_OVERRIDES);
  }

  /** Changes the given limits; null restores the setting. @throws AppError NOT_FOUND. */
  async setLimits(userId: string, changes: Partial<LimitOverrides>): Promise<LimitsOfUser> {
    const overrides = await this.#deps.unitOfWork.run(async ({ users, quotas }) => {
      await users.lock(userId);
      return quotas.setOverrides(userId, changes);
    });
    this.#requestLimits.delete(userId);
    return this.#described(overrides);
  }

  /**
   * Counts a request of a user. @throws AppError REQUEST_QUOTA_EXCEEDED (rate_limited).
   */
  async countRequest({ userId }: Pick<Principal, 'userId'>): Promise<void> {
    const limit = await this.#requestLimit(userId);
    if (limit === 0) return;
    const { points, endsAt } = await this.#deps.requests.add(userId);
    if (points <= limit) return;
    const seconds = Math.max(1, Math.ceil((endsAt - Date.now()) / 1000));
    throw new AppError('REQUEST_QUOTA_EXCEEDED', {
      message: `This account sent more than ${limit} requests in one minute; the next one is possible in ${seconds} s.`,
      details: { limit, left: 0, resetsAt: new Date(endsAt).toISOString() },
      retryAfterSeconds: Math.min(seconds, MINUTE_SECONDS),
    });
  }

  /**
   * Reserves the announced size of an upload before its body is read.
   * @throws AppError STORAGE_QUOTA_EXCEEDED (too_large), UPLOAD_QUOTA_EXCEEDED (rate_limited).
   */
  async admitUpload({ userId }: Pick<Principal, 'userId'>, bytes: number): Promise<AdmittedUpload> {
    const { unitOfWork, defaults } = this.#deps;
    const id = uuid();
    await unitOfWork.run(async ({ quotas }) => {
      const limits = effectiveLimits(defaults, await quotas.overrides(userId));
      // Where no size is announced, something must be left; the upload is checked again at its end.
      const size = Math.max(1, bytes);
      requireUploadFits({ limits, usage: await quotas.lockUsage(userId), stored: size, uploaded: size });
      await quotas.reserve({ id, userId, bytes });
    });
    const { quotas } = unitOfWork.read;
    const renewal = setInterval(() => void quotas.renew([id]).catch(() => undefined), RENEWAL_MS);
    renewal.unref();
    return {
      id,
      [Symbol.asyncDispose]: async () => {
        clearInterval(renewal);
        // A reservation that cannot be removed while the database is down ends within minutes.
        await quotas.release(id).catch(() => undefined);
      },
    };
  }

  async #requestLimit(userId: string): Promise<number> {
    const known = this.#requestLimits.get(userId);
    if (known) return known.limit;
    const { unitOfWork, defaults } = this.#deps;
    const overrides = await unitOfWork.read.quotas.overrides(userId);
    const limit = overrides?.requestsPerMinute ?? defaults.requestsPerMinute;
    this.#requestLimits.set(userId, { limit });
    return limit;
  }

  #described(overrides: LimitOverrides): LimitsOfUser {
    return { overrides, limits: effectiveLimits(this.#deps.defaults, overrides) };
  }
}
