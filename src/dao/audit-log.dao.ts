import type { AuditEntry, AuditFilter, AuditRecord } from '../domain/audit.js';
import type { Counted, Slice } from '../domain/listing.js';
import { Dao } from './dao.js';
import { containing } from './like-pattern.js';

const CONDITIONS = `($actor::text IS NULL OR actor ILIKE $actor) AND ($action::text IS NULL OR action = $action)
  AND ($after::timestamptz IS NULL OR created_at >= $after) AND ($before::timestamptz IS NULL OR created_at < $before)`;

/** Table `audit_log`, which is append-only. */
export class AuditLogDao extends Dao {
  async insert(id: string, { actorId, actor, action, subject, requestId }: AuditEntry): Promise<void> {
    await this.rows(
      `INSERT INTO audit_log (id, actor_id, actor, action, subject, request_id)
       VALUES ($id, $actorId, $actor, $action, $subject, $requestId) RETURNING id`,
      { id, actorId, actor, action, subject: JSON.stringify(subject), requestId },
    );
  }

  /** Newest first. */
  async page(filter: AuditFilter, { offset, limit }: Slice): Promise<Counted<AuditRecord>> {
    const bind = {
      actor: filter.actorContains === undefined ? null : containing(filter.actorContains),
      action: filter.action ?? null,
      after: filter.createdAfter ?? null,
      before: filter.createdBefore ?? null,
    };
    const [rows, [{ total }]] = await Promise.all([
      this.rows<AuditRecord>(
        `SELECT id, created_at AS "createdAt", actor_id AS "actorId", actor, action, subject,
                request_id AS "requestId"
           FROM audit_log WHERE ${CONDITIONS} ORDER BY created_at DESC, id DESC OFFSET $offset LIMIT $limit`,
        { ...bind, offset, limit },
      ),
      this.rows<{ total: number }>(`SELECT count(*)::int AS total FROM audit_log WHERE ${CONDITIONS}`, bind),
    ]);
    return { rows, total };
  }

  async newest(limit: number): Promise<AuditEntry[]> {
    return this.rows<AuditEntry>(
      `SELECT actor_id AS "actorId", actor, action, subject, request_id AS "requestId"
         FROM audit_log ORDER BY created_at DESC, id DESC LIMIT $limit`,
      { limit },
    );
  }
}
