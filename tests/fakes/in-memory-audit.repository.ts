import type { AuditEntry, AuditRepository } from '../../src/domain/audit.js';

/** The audit log in memory. */
export class InMemoryAuditRepository implements AuditRepository {
  readonly entries: AuditEntry[] = [];

  async append(entry: AuditEntry): Promise<void> {
    this.entries.unshift(entry);
  }

  async newest(limit: number): Promise<readonly AuditEntry[]> {
    return this.entries.slice(0, limit);
  }
}
