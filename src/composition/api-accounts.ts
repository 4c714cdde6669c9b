import { OpenIdProvider } from '../net/openid-provider.js';
import { AccountAdminService } from '../services/account-admin.service.js';
import { AccountService } from '../services/account.service.js';
import { AdminService } from '../services/admin.service.js';
import { AdministrationService } from '../services/administration.service.js';
import { AuditService } from '../services/audit.service.js';
import { SharedLoginAttempts } from '../services/auth-login-attempts.js';
import { PasswordHasher } from '../services/auth-password.js';
import { AuthService } from '../services/auth.service.js';
import { OidcAccounts } from '../services/oidc-accounts.service.js';
import { SignInFlows } from '../services/oidc-flow.js';
import { OidcService } from '../services/oidc.service.js';
import { PasswordService } from '../services/password.service.js';
import { PriceListService } from '../services/price-list.service.js';
import { TokenService } from '../services/token.service.js';
import { UserSessionService } from '../services/user-session.service.js';
import { UserService } from '../services/user.service.js';
import type { ApiDeps } from './api-deps.js';
import { createKeyServices } from './api-keys.js';
import { rateCountsOf } from './shared-counts.js';

/** Creates the services of accounts and credentials. */
export function createAccountServices(deps: ApiDeps) {
  const { settings, unitOfWork, orphanedJobs, keys, logger, countMaxWaitMs } = deps;
  const passwords = new PasswordHasher(settings.accounts.bcryptRounds);
  const tokens = createTokens(keys, settings);
  const { loginAttemptsPer15Minutes } = settings.accounts;
  const attempts = new SharedLoginAttempts(loginAttemptsPer15Minutes, rateCountsOf(deps), {
    maxWaitMs: countMaxWaitMs,
  });
  const sessions = new UserSessionService({
    unitOfWork,
    tokens,
    attempts,
    log: logger.child({ component: 'sessions' }),
    refreshSeconds: settings.token.refreshSeconds,
  });
  const auth = new AuthService({ unitOfWork, passwords, tokens, attempts, sessions });
  return {
    tokens,
    auth,
    oidc: createOidc(deps, { passwords, attempts, auth, sessions }),
    sessions,
    passwords: new PasswordService({ unitOfWork, passwords, auth, sessions, attempts }),
    ...createKeyServices(deps, auth, attempts),
    users: new UserService(unitOfWork),
    admins: new AdminService(unitOfWork, passwords),
    audit: new AuditService(unitOfWork, logger.child({ component: 'audit' })),
    accounts: new AccountService({
      unitOfWork,
      passwords,
      orphans: orphanedJobs,
      onError: (error) => logger.warn('Jobs of a deleted account could not be ended yet.', { err: error }),
    }),
    prices: new PriceListService(unitOfWork),
    administration: new AdministrationService(unitOfWork),
    accountAdmin: new AccountAdminService(unitOfWork),
  };
}

/** Creates the sign-in by OpenID Connect; null when no provider is configured. */
function createOidc(
  { settings: { oidc }, keys, unitOfWork, logger }: ApiDeps,
  parts: {
    readonly passwords: PasswordHasher;
    readonly attempts: SharedLoginAttempts;
    readonly auth: AuthService;
    readonly sessions: UserSessionService;
  },
) {
  if (oidc === null) return null;
  const log = logger.child({ component: 'oidc' });
  const provider = new OpenIdProvider({
    ...oidc,
    onUnavailable: (err) => log.warn('The identity provider cannot be used.', { issuer: oidc.issuer, err }),
  });
  const accounts = new OidcAccounts({ unitOfWork, passwords: parts.passwords, log, rules: oidc });
  const flows = new SignInFlows(keys.linkKey);
  return {
    service: new OidcService({ unitOfWork, provider, accounts, flows, ...parts }),
    buttonName: oidc.buttonName,
  };
}

const createTokens = (keys: ApiDeps['keys'], { token }: ApiDeps['settings']): TokenService =>
  new TokenService(keys, {
    issuer: token.issuer,
    audience: token.audience,
    accessSeconds: token.lifetimeSeconds,
  });
