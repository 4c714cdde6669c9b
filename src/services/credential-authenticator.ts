import type { Authenticator, Credential, CredentialUse, Session } from '../domain/credential.js';
import type { ApiKeyAuthenticator } from './api-key-authenticator.js';
import type { AuthService } from './auth.service.js';

/** Authenticates by access token or API key. */
export class CredentialAuthenticator implements Authenticator {
  readonly #tokens: Pick<AuthService, 'session'>;
  readonly #keys: Pick<ApiKeyAuthenticator, 'admit' | 'recheck'>;

  constructor(tokens: Pick<AuthService, 'session'>, keys: Pick<ApiKeyAuthenticator, 'admit' | 'recheck'>) {
    this.#tokens = tokens;
    this.#keys = keys;
  }

  async admit(credential: Credential, use: CredentialUse): Promise<Session> {
    // Access tokens have all rights of their user, so they need no scope.
    if (credential.kind === 'token') return this.#tokens.session(credential.token);
    return this.#keys.admit(credential.key, use);
  }

  async recheck(credential: Credential, use: CredentialUse): Promise<Session> {
    if (credential.kind === 'token') return this.#tokens.session(credential.token);
    return this.#keys.recheck(credential.key, use);
  }
}
