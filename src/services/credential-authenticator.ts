import type { Authenticator, Credential, CredentialUse, Session } from '../domain/credential.js';
import { tokenProblem } from '../errors/common-errors.js';
import type { ApiKeyAuthenticator } from './api-key-authenticator.js';
import type { AuthService } from './auth.service.js';
import type { ConnectionTickets } from './connection-tickets.js';

/** What a {@link CredentialAuthenticator} uses, by kind of credential. */
export interface CredentialAuthenticatorDeps {
  readonly tokens: Pick<AuthService, 'session'>;
  readonly keys: Pick<ApiKeyAuthenticator, 'admit' | 'recheck'>;
  readonly tickets: Pick<ConnectionTickets, 'redeem'>;
}

/** Authenticates by access token, API key, or a ticket that stands for one of them. */
export class CredentialAuthenticator implements Authenticator {
  readonly #deps: CredentialAuthenticatorDeps;

  constructor(deps: CredentialAuthenticatorDeps) {
    this.#deps = deps;
  }

  async admit(credential: Credential, use: CredentialUse): Promise<Session> {
    const { tokens, keys, tickets } = this.#deps;
    if (credential.kind === 'ticket') {
      const lasting = await tickets.redeem(credential.ticket);
      return { ...(await this.admit(lasting, use)), credential: lasting };
    }
    // Access tokens have all rights of their user, so they need no scope.
    return credential.kind === 'token' ? tokens.session(credential.token) : keys.admit(credential.key, use);
  }

  async recheck(credential: Credential, use: CredentialUse): Promise<Session> {
    const { tokens, keys } = this.#deps;
    // It was used up when it was admitted.
    if (credential.kind === 'ticket') throw tokenProblem('INVALID_TICKET');
    return credential.kind === 'token' ? tokens.session(credential.token) : keys.recheck(credential.key, use);
  }
}
