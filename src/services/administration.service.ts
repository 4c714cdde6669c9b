import type {
  Counted,
  DatasetCounts,
  DatasetFilter,
  DatasetSummary,
  DatasetTotals,
  LedgerFilter,
  LedgerTotal,
  OwnedLedgerEntry,
  Slice,
  UserFilter,
} from '../domain/listing.js';
import { quote, type LedgerEntry, type MicroCredits, type PricePreset } from '../domain/money.js';
import type { Job } from '../domain/job.js';
import type { JobConditions } from '../domain/repositories/job.repository.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { User } from '../domain/user.js';
import { notFound } from '../errors/common-errors.js';

/** A page of the ledger with the sums of all rows that match the filter. */
export interface LedgerPage extends Counted<OwnedLedgerEntry> {
  readonly totals: readonly LedgerTotal[];
}

/** A page of datasets with sums and the price of inpainting them. */
export interface DatasetPage extends Counted<DatasetSummary> {
  readonly totals: DatasetTotals;
  readonly prices: PricePreset;
}

/** A job with its owner; the owner is null when the account was deleted. */
export interface OwnedJob {
  readonly job: Job;
  readonly owner: User | null;
  readonly queuePosition: number | null;
}

/**
 * The price of inpainting all of these items. Items without a mask are not counted, since they cannot be
 * inpainted.
 */
export function inferenceCost(prices: PricePreset, counts: DatasetCounts): MicroCredits {
  const units = {
    'inference.image': counts.maskedImages,
    'inference.video_frame': counts.maskedVideoFrames,
  };
  return quote(prices, units).total;
}

/** Views across all users, for admins only. */
export class AdministrationService {
  readonly #unitOfWork: UnitOfWork;

  constructor(unitOfWork: UnitOfWork) {
    this.#unitOfWork = unitOfWork;
  }

  /** A user by e-mail with the newest `limit` ledger rows. @throws AppError NOT_FOUND. */
  async userStatement(
    email: string,
    limit: number,
  ): Promise<{ readonly user: User; readonly entries: readonly LedgerEntry[] }> {
    const { users, ledger } = this.#unitOfWork.read;
    const user = await users.findByEmail(email);
    if (!user) throw notFound('User', email);
    return { user, entries: await ledger.listByUser(user.id, limit) };
  }

  async ledger(filter: LedgerFilter, slice: Slice): Promise<LedgerPage> {
    const { ledger } = this.#unitOfWork.read;
    return { ...(await ledger.page(filter, slice)), totals: await ledger.totals(filter) };
  }

  /** Accounts, newest first. */
  users(filter: UserFilter, slice: Slice): Promise<Counted<User>> {
    return this.#unitOfWork.read.users.page(filter, slice);
  }

  /** Jobs of all users with their owners, newest first. */
  async jobs(filter: JobConditions, slice: Slice): Promise<Counted<OwnedJob>> {
    const { jobs, schedule, users } = this.#unitOfWork.read;
    const { rows, total } = await jobs.page(filter, slice);
    const owners = await users.findByIds([...new Set(rows.map(({ userId }) => userId))]);
    const byId = new Map(owners.map((owner) => [owner.id, owner]));
    const queued = rows.map(async (job) => ({
      job,
      owner: byId.get(job.userId) ?? null,
      queuePosition: job.status === 'PENDING' ? await schedule.position(job.id) : null,
    }));
    return { rows: await Promise.all(queued), total };
  }

  async datasets(filter: DatasetFilter, slice: Slice): Promise<DatasetPage> {
    const { datasets, prices } = this.#unitOfWork.read;
    return {
      ...(await datasets.page(filter, slice)),
      totals: await datasets.totals(filter),
      prices: await prices.current('inpainting'),
    };
  }
}
