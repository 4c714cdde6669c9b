import type { AuditEntry } from '../domain/audit.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Principal } from '../domain/user.js';
import { logContext } from '../logging/log-context.js';
import type { Logger } from '../logging/logger.js';

/** Records what admins view and change: one row in the audit log and one line in the process log. */
export class AuditService {
  readonly #unitOfWork: UnitOfWork;
  readonly #log: Pick<Logger, 'info'>;

  constructor(unitOfWork: UnitOfWork, log: Pick<Logger, 'info'>) {
    this.#unitOfWork = unitOfWork;
    this.#log = log;
  }

  /**
   * Records an admin's request before it is answered. Throws when the row cannot be written, so that nothing
   * is shown or changed without an audit entry.
   */
  async record(admin: Principal, action: string, subject: AuditEntry['subject']): Promise<void> {
    const by = admin.apiKey && { byApiKey: admin.apiKey.id };
    const entry = { actorId: admin.userId, actor: admin.email, action, subject: { ...subject, ...by } };
    const { requestId = null } = logContext();
    await this.#unitOfWork.read.audit.append({ ...entry, requestId });
    this.#log.info('Admin request.', entry);
  }
}
