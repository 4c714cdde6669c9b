import { ApiKeyAuthenticator, KEY_REQUEST_COUNTS } from '../services/api-key-authenticator.js';
import { ApiKeyService } from '../services/api-key.service.js';
import type { SharedLoginAttempts } from '../services/auth-login-attempts.js';
import type { AuthService } from '../services/auth.service.js';
import { ConnectionTickets } from '../services/connection-tickets.js';
import { CredentialAuthenticator } from '../services/credential-authenticator.js';
import { EnvironmentKeys } from '../services/environment-keys.js';
import type { ApiDeps } from './api-deps.js';
import { sharedCounts, type CountDeps } from './shared-counts.js';

/** Creates the authentication of requests, by access token and API key, and the service of the keys. */
export function createKeyServices(deps: KeyDeps, auth: AuthService, attempts: SharedLoginAttempts) {
  const { settings, unitOfWork, logger } = deps;
  const { read } = unitOfWork;
  const environmentKeys = new EnvironmentKeys(settings.accounts.configuredKeys, read.users);
  const keys = new ApiKeyAuthenticator({
    repositories: read,
    environment: environmentKeys,
    attempts,
    requests: sharedCounts(deps, KEY_REQUEST_COUNTS),
    onError: (error) => logger.warn('The last use of an API key could not be recorded.', { err: error }),
  });
  const tickets = new ConnectionTickets(read.realtime);
  return {
    environmentKeys,
    tickets,
    authenticator: new CredentialAuthenticator({ tokens: auth, keys, tickets }),
    apiKeys: new ApiKeyService(unitOfWork, { maxPerUser: settings.accounts.keysPerUser }),
  };
}

type KeyDeps = Pick<ApiDeps, 'settings' | 'logger'> & CountDeps;
