/** A session of a person, from sign-in to sign-out. */
export interface UserSession {
  readonly id: string;
  readonly userId: string;
  /** Token version of the user at sign-in; the session has ended once the user has another one. */
  readonly tokenVersion: number;
  /** SHA-256 of the current refresh token. */
  readonly refreshSha256: Buffer;
  /** SHA-256 of what all refresh tokens of the session share; null until the first refresh of an older session. */
  readonly familySha256: Buffer | null;
  readonly address: string;
  readonly userAgent: string | null;
  readonly createdAt: Date;
  /** Sign-in, or the last refresh. */
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
}

/** What is stored at a refresh. */
export type RenewedToken = Pick<UserSession, 'refreshSha256' | 'familySha256' | 'expiresAt'>;

/** What is stored at sign-in. */
export type NewUserSession = Omit<UserSession, 'createdAt' | 'lastUsedAt'>;

/** The client of a sign-in, as its session shows it. */
export interface ClientInfo {
  readonly address: string;
  readonly userAgent: string | null;
}

/** A one-time link that sets a password; a user has at most one. */
export interface PasswordReset {
  readonly id: string;
  readonly userId: string;
  readonly sha256: Buffer;
  readonly expiresAt: Date;
}
