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

/** Append-only log of admin requests and commands. */
export interface AuditRepository {
  append(entry: AuditEntry): Promise<void>;
  /** Newest entries first. */
  newest(limit: number): Promise<readonly AuditEntry[]>;
}
