/** Browser sessions that were signed out before they expired. */
export interface SessionRepository {
  /** Remembers the session until it would have expired; may be repeated. */
  revoke(id: string, expiresAt: Date): Promise<void>;
  isRevoked(id: string): Promise<boolean>;
}
