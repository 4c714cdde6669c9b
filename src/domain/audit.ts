/** Something that an admin looked at or did. */
export interface AuditEntry {
  /** Account of the admin; null for the command line of the machine. */
  readonly actorId: string | null;
  /** The admin's e-mail, or the system account that ran the command. */
  readonly actor: string;
  /** Operation of the API, or the command. */
  readonly action: string;
  /** What it was about: parameters of the request, never bodies. */
  readonly subject: Readonly<Record<string, unknown>>;
  readonly requestId: string | null;
}

/** Append-only log of what admins looked at and did. */
export interface AuditRepository {
  append(entry: AuditEntry): Promise<void>;
  /** The newest entries first. */
  newest(limit: number): Promise<readonly AuditEntry[]>;
}
