import { v7 as uuid } from 'uuid';
import type { AuditEntry, AuditFilter, AuditRecord, AuditRepository } from '../../src/domain/audit.js';
import type { Counted, Slice } from '../../src/domain/listing.js';

/** The audit log in memory. */
export class InMemoryAuditRepository implements AuditRepository {
  readonly entries: AuditRecord[] = [];

  async append(entry: AuditEntry): Promise<void> {
    this.entries.unshift({ ...entry, id: uuid(), createdAt: new Date() });
  }

  async page(filter: AuditFilter, { offset, limit }: Slice): Promise<Counted<AuditRecord>> {
    const { actorContains = '', action, createdAfter, createdBefore } = filter;
    const found = this.entries
      .filter(({ actor }) => actor.toLowerCase().includes(actorContains.toLowerCase()))
      .filter((entry) => action === undefined || entry.action === action)
      .filter(({ createdAt }) => createdAfter === undefined || createdAt >= createdAfter)
      .filter(({ createdAt }) => createdBefore === undefined || createdAt < createdBefore);
    return { rows: found.slice(offset, offset + limit), total: found.length };
  }

  async newest(limit: number): Promise<readonly AuditEntry[]> {
    return this.entries.slice(0, limit);
  }
}
