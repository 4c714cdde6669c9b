/** Browser sessions that were signed out before they expired. */
export interface SessionRepository {
  /** Records the revocation until the session would have expired; idempotent. */
  revoke(id: string, expiresAt: Date): Promise<void>;
  isRevoked(id: string): Promise<boolean>;
}
