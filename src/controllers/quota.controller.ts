import { leftOf } from '../domain/quota.js';
import type { Call } from '../middlewares/endpoint.js';
import { ok, type Reply } from '../middlewares/reply.js';
import type { quotaOperations } from '../schemas/quota.schema.js';
import type { Quota, QuotaService } from '../services/quota.service.js';

type Operations = typeof quotaOperations;

const limitOrNull = (limit: number): number | null => (limit === 0 ? null : limit);

const presentBytes = (limit: number, usedBytes: number, reservedBytes: number) => ({
  limitBytes: limitOrNull(limit),
  usedBytes,
  reservedBytes,
  leftBytes: leftOf(limit, usedBytes + reservedBytes),
});

const presentCount = (limit: number, used: number) => ({
  limit: limitOrNull(limit),
  used,
  left: leftOf(limit, used),
});

/** Quotas of a user as the API returns them. */
export function presentQuota({ limits, usage }: Quota, requestsLeft: number | null) {
  const { storageBytes, uploadedBytes, reservedBytes, resetsAt, waitingJobs, runningJobs } = usage;
  return {
    storage: presentBytes(limits.storageBytes, storageBytes, reservedBytes),
    uploadPerDay: {
      ...presentBytes(limits.uploadBytesPerDay, uploadedBytes, reservedBytes),
      resetsAt: resetsAt.toISOString(),
    },
    waitingJobs: presentCount(limits.waitingJobs, waitingJobs),
    runningJobs: presentCount(limits.runningJobs, runningJobs),
    requestsPerMinute: { limit: limitOrNull(limits.requestsPerMinute), left: requestsLeft },
    weight: limits.weight,
  };
}

/** HTTP handlers of quotas. */
export class QuotaController {
  readonly #quotas: Pick<QuotaService, 'quota' | 'requestsLeft' | 'limitsOf' | 'setLimits'>;

  constructor(quotas: Pick<QuotaService, 'quota' | 'requestsLeft' | 'limitsOf' | 'setLimits'>) {
    this.#quotas = quotas;
  }

  readonly quota = async ({ principal: { userId } }: Call<Operations['quota']>): Promise<Reply> => {
    const [quota, requestsLeft] = await Promise.all([
      this.#quotas.quota(userId),
      this.#quotas.requestsLeft(userId),
    ]);
    return ok(presentQuota(quota, requestsLeft));
  };

  readonly limits = async ({ params }: Call<Operations['limits']>): Promise<Reply> =>
    ok({ userId: params.id, ...(await this.#quotas.limitsOf(params.id)) });

  readonly setLimits = async ({ params, body }: Call<Operations['setLimits']>): Promise<Reply> =>
    ok({ userId: params.id, ...(await this.#quotas.setLimits(params.id, body)) });
}
