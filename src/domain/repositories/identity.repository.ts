import type { IdentityKey, SignInCode } from '../identity.js';

/** Identities of users at OpenID providers, and one-time codes of finished sign-ins. */
export interface IdentityRepository {
  /** Id of the user of an identity; null for an unknown one. */
  findUser(identity: IdentityKey): Promise<string | null>;
  /** @throws AppError IDENTITY_TAKEN when the identity belongs to a user. */
  link(identity: IdentityKey, userId: string): Promise<void>;
  removeByUser(userId: string): Promise<void>;
  /** Stores a code and removes expired ones. */
  putCode(code: SignInCode): Promise<void>;
  findCode(id: string): Promise<SignInCode | null>;
  /** Removes and returns a code, so that it is used once; null when there is none. */
  takeCode(id: string): Promise<SignInCode | null>;
}
