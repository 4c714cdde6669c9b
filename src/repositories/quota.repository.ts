import type { UserQuotaDao } from '../dao/user-quota.dao.js';
import type { LimitOverrides, UploadUsage, Usage } from '../domain/quota.js';
import type { QuotaRepository, UploadReservation } from '../domain/repositories/quota.repository.js';

/** Limits and usage of users in PostgreSQL. */
export class PostgresQuotaRepository implements QuotaRepository {
  readonly #quotas: UserQuotaDao;

  constructor(quotas: UserQuotaDao) {
    this.#quotas = quotas;
  }

  overrides(userId: string): Promise<LimitOverrides | null> {
    return this.#quotas.limits(userId);
  }

  setOverrides(userId: string, changes: Partial<LimitOverrides>): Promise<LimitOverrides> {
    return this.#quotas.setLimits(userId, changes);
  }

  usage(userId: string): Promise<Usage> {
    return this.#quotas.usage(userId);
  }

  lockUsage(userId: string, exceptReservation?: string): Promise<UploadUsage> {
    return this.#quotas.lockUsage(userId, exceptReservation);
  }

  reserve(reservation: UploadReservation): Promise<void> {
    return this.#quotas.reserve(reservation);
  }

  async renew(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#quotas.renew(ids);
  }

  release(id: string): Promise<void> {
    return this.#quotas.release(id);
  }

  addUploaded(userId: string, bytes: number): Promise<void> {
    return this.#quotas.addUploaded(userId, bytes);
  }
}
