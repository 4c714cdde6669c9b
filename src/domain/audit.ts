import type { Counted, Slice } from './listing.js';

/** A request or command of an admin. */
export interface AuditEntry {
  /** Account of the admin; `null` for the command line. */
  readonly actorId: string | null;
  /** The admin's e-mail, or the system account that ran the command. */
  readonly actor: string;
  /** Operation of the API, or the command. */
  readonly action: string;
  /** Parameters of the request, never its body. */
  readonly subject: Readonly<Record<string, unknown>>;
  readonly requestId: string | null;
}

/** A stored entry. */
export interface AuditRecord extends AuditEntry {
  readonly id: string;
  readonly createdAt: Date;
}

/** Filter of the log; absent conditions do not filter. */
export interface AuditFilter {
  /** Part of the actor, case-insensitive. */
  readonly actorContains?: string;
  readonly action?: string;
  readonly createdAfter?: Date;
  readonly createdBefore?: Date;
}

/** Append-only log of admin requests and commands. */
export interface AuditRepository {
  append(entry: AuditEntry): Promise<void>;
  /** Newest entries first. */
  newest(limit: number): Promise<readonly AuditEntry[]>;
  /** Newest entries first. */
  page(filter: AuditFilter, slice: Slice): Promise<Counted<AuditRecord>>;
}
