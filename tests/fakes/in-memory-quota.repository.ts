import type { LimitOverrides, UploadUsage, Usage } from '../../src/domain/quota.js';
import type { QuotaRepository, UploadReservation } from '../../src/domain/repositories/quota.repository.js';
import type { InMemoryStore } from './in-memory-store.js';

const UNSET: LimitOverrides = {
  storageBytes: null,
  uploadBytesPerDay: null,
  waitingJobs: null,
  runningJobs: null,
  requestsPerMinute: null,
  weight: null,
};

/** Limits and usage in memory; uploads are never reset. */
export class InMemoryQuotaRepository implements QuotaRepository {
  readonly #store: InMemoryStore;
  readonly #overrides = new Map<string, LimitOverrides>();
  readonly #uploaded = new Map<string, number>();
  readonly #reservations = new Map<string, UploadReservation>();

  constructor(store: InMemoryStore) {
    this.#store = store;
  }

  async overrides(userId: string): Promise<LimitOverrides | null> {
    return this.#overrides.get(userId) ?? null;
  }

  async setOverrides(userId: string, changes: Partial<LimitOverrides>): Promise<LimitOverrides> {
    const limits = { ...(this.#overrides.get(userId) ?? UNSET), ...changes };
    this.#overrides.set(userId, limits);
    return limits;
  }

  async usage(userId: string): Promise<Usage> {
    const jobs = [...this.#store.jobs.values()].filter((job) => job.userId === userId);
    return {
      ...(await this.lockUsage(userId)),
      waitingJobs: jobs.filter(({ status }) => status === 'PENDING').length,
      runningJobs: jobs.filter(({ status }) => status === 'RUNNING').length,
    };
  }

  async lockUsage(userId: string, exceptReservation?: string): Promise<UploadUsage> {
    const media = [...this.#store.media.values()].filter(
      (file) => file.userId === userId && this.#store.datasets.get(file.datasetId)?.deletedAt === null,
    );
    const reserved = [...this.#reservations.values()].filter(
      (one) => one.userId === userId && one.id !== exceptReservation,
    );
    return {
      storageBytes: media.reduce((sum, { bytes }) => sum + bytes, 0),
      uploadedBytes: this.#uploaded.get(userId) ?? 0,
      reservedBytes: reserved.reduce((sum, { bytes }) => sum + bytes, 0),
      resetsAt: new Date(this.#store.now().getTime() + 3_600_000),
    };
  }

  async reserve(reservation: UploadReservation): Promise<void> {
    this.#reservations.set(reservation.id, reservation);
  }

  async renew(): Promise<void> {}

  async release(id: string): Promise<void> {
    this.#reservations.delete(id);
  }

  async addUploaded(userId: string, bytes: number): Promise<void> {
    this.#uploaded.set(userId, (this.#uploaded.get(userId) ?? 0) + bytes);
  }
}
