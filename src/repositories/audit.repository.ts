import { v7 as uuid } from 'uuid';
import type { AuditLogDao } from '../dao/audit-log.dao.js';
import type { AuditEntry, AuditFilter, AuditRecord, AuditRepository } from '../domain/audit.js';
import type { Counted, Slice } from '../domain/listing.js';

/** The audit log in PostgreSQL. */
export class PostgresAuditRepository implements AuditRepository {
  readonly #entries: AuditLogDao;

  constructor(entries: AuditLogDao) {
    this.#entries = entries;
  }

  async append(entry: AuditEntry): Promise<void> {
    await this.#entries.insert(uuid(), entry);
  }

  async page(filter: AuditFilter, slice: Slice): Promise<Counted<AuditRecord>> {
    return this.#entries.page(filter, slice);
  }

  async newest(limit: number): Promise<readonly AuditEntry[]> {
    return this.#entries.newest(limit);
  }
}
