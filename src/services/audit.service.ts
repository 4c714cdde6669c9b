import type { AuditEntry } from '../domain/audit.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Principal } from '../domain/user.js';
import { logContext } from '../logging/log-context.js';
import type { Logger } from '../logging/logger.js';

/** Keeps what admins look at and do: a row of the audit log, and a line of the process's log. */
export class AuditService {
  readonly #unitOfWork: UnitOfWork;
  readonly #log: Pick<Logger, 'info'>;

  constructor(unitOfWork: UnitOfWork, log: Pick<Logger, 'info'>) {
    this.#unitOfWork = unitOfWork;
    this.#log = log;
  }

  /** Records a request of an admin before it is answered: what cannot be recorded is not shown. */
  async record(admin: Principal, action: string, subject: AuditEntry['subject']): Promise<void> {
    const entry = { actorId: admin.userId, actor: admin.email, action, subject };
    const { requestId = null } = logContext();
    await this.#unitOfWork.read.audit.append({ ...entry, requestId });
    this.#log.info('An admin looked or acted.', entry);
  }
}
