import type { AuditEntry } from '../domain/audit.js';
import { Dao } from './dao.js';

/** Table `audit_log`, which is append-only. */
export class AuditLogDao extends Dao {
  async insert(id: string, { actorId, actor, action, subject, requestId }: AuditEntry): Promise<void> {
    await this.rows(
      `INSERT INTO audit_log (id, actor_id, actor, action, subject, request_id)
       VALUES ($id, $actorId, $actor, $action, $subject, $requestId) RETURNING id`,
      { id, actorId, actor, action, subject: JSON.stringify(subject), requestId },
    );
  }

  async newest(limit: number): Promise<AuditEntry[]> {
    return this.rows<AuditEntry>(
      `SELECT actor_id AS "actorId", actor, action, subject, request_id AS "requestId"
         FROM audit_log ORDER BY created_at DESC, id DESC LIMIT $limit`,
      { limit },
    );
  }
}
