/** An account of an OpenID provider; issuer and subject together never change. */
export interface IdentityKey {
  readonly issuer: string;
  readonly subject: string;
}

/** What a provider says of the person who signed in. */
export interface ProviderIdentity extends IdentityKey {
  /** As the provider gives it; null without one. */
  readonly email: string | null;
  /** Whether the provider has checked that the address belongs to the person. */
  readonly isEmailVerified: boolean;
  readonly name?: string;
  readonly surname?: string;
  /** All claims of the ID token and of the userinfo endpoint. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** An identity that waits for the password of an existing account. */
export interface PendingLink extends IdentityKey {
  /** Whether the role claim makes the user an admin; null when roles do not follow a claim. */
  readonly isAdmin: boolean | null;
}

/** A one-time code of a finished sign-in, for tokens or, with `link`, for the link to an existing account. */
export interface SignInCode {
  readonly id: string;
  readonly userId: string;
  readonly sha256: Buffer;
  readonly link: PendingLink | null;
  readonly expiresAt: Date;
}

/** Values that bind the answer of the provider to the request of a browser. */
export interface SignInChecks {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** An OpenID provider. Its metadata is read at first use. All methods throw OIDC_UNAVAILABLE while it cannot be used. */
export interface IdentityProvider {
  /** Where the browser signs in; the provider sends it back to `redirectUri`. */
  authorizationUrl(checks: SignInChecks, redirectUri: string): Promise<string>;
  /**
   * Checks the answer of the provider and exchanges its code.
   * @param currentUrl URL to which the browser was sent back, with its query
   * @throws AppError OIDC_REFUSED, OIDC_SIGN_IN_INVALID
   */
  identify(currentUrl: string, checks: SignInChecks): Promise<ProviderIdentity>;
  /** Where the browser signs out of the provider; null when the provider has no such page. */
  signOutUrl(returnUrl: string): Promise<string | null>;
}
