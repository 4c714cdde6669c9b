import type { AuditFilter, AuditRecord } from '../domain/audit.js';
import type { Counted, Slice } from '../domain/listing.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { DailyUsage, UsageFilter } from '../domain/usage.js';
import type { Principal, User } from '../domain/user.js';
import { forbidden, notFound, validationFailed } from '../errors/common-errors.js';
import { TASKS } from '../tasks/index.js';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;
const MAX_DAYS = 366;
const MAX_ROWS = 100_000;

/** Days that a client asks for, `YYYY-MM-DD`. */
export interface UsageRequest {
  readonly from?: string;
  readonly to?: string;
  readonly userId?: string;
}

/** Tasks whose jobs process images alone, so that their progress counts images. */
const IMAGE_TASKS = TASKS.filter(({ media }) => media.length === 1 && media[0] === 'image').map(
  ({ name }) => name,
);

/** A usage report with its days. */
export interface UsageReport {
  readonly from: string;
  readonly to: string;
  readonly rows: readonly DailyUsage[];
}

/** Accounts as admins manage them over the API. */
export class AccountAdminService {
  readonly #unitOfWork: UnitOfWork;
  readonly #now: () => Date;

  constructor(unitOfWork: UnitOfWork, now: () => Date = () => new Date()) {
    this.#unitOfWork = unitOfWork;
    this.#now = now;
  }

  /**
   * Disables or enables an account; idempotent.
   * @throws AppError NOT_FOUND, FORBIDDEN for the own account, which nobody could enable again.
   */
  setDisabled(admin: Principal, id: string, disabled: boolean): Promise<User> {
    if (disabled && admin.userId === id) throw forbidden('An admin cannot disable the own account.');
    return this.#unitOfWork.run(async ({ users, userSessions }) => {
      await users.setDisabled(id, disabled);
      if (disabled) await userSessions.removeOthers(id, null);
      const user = await users.findById(id);
      if (!user) throw notFound('User', id);
      return user;
    });
  }

  /** Newest entries first. */
  audit(filter: AuditFilter, slice: Slice): Promise<Counted<AuditRecord>> {
    return this.#unitOfWork.read.audit.page(filter, slice);
  }

  /** Usage per user and day, at most 366 days and 100 000 rows. @throws AppError VALIDATION beyond these */
  async usage({ from, to, userId }: UsageRequest): Promise<UsageReport> {
    const last = to ?? dayOf(this.#now());
    const first = from ?? dayOf(new Date(Date.parse(last) - (DEFAULT_DAYS - 1) * DAY_MS));
    const days = (Date.parse(last) - Date.parse(first)) / DAY_MS + 1;
    if (days < 1 || days > MAX_DAYS) {
      const message = `must be 0 to ${String(MAX_DAYS - 1)} days before "to" (${last})`;
      throw validationFailed([{ pointer: '/from', message, code: 'INVALID' }]);
    }
    const filter: UsageFilter = { from: first, to: last, userId, imageTasks: IMAGE_TASKS };
    const rows = await this.#unitOfWork.read.usage.daily(filter, MAX_ROWS + 1);
    if (rows.length <= MAX_ROWS) return { from: first, to: last, rows };
    const message = `the report would have more than ${String(MAX_ROWS)} rows: ask for fewer days, or for one user`;
    throw validationFailed([{ pointer: '/from', message, code: 'INVALID' }]);
  }
}

const dayOf = (time: Date): string => time.toISOString().slice(0, 10);
