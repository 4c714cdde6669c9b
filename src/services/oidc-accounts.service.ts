import { canonicalEmail, canonicalText } from '../domain/canonical-text.js';
import { hiddenCharacterIn } from '../domain/hidden-characters.js';
import type { PendingLink, ProviderIdentity } from '../domain/identity.js';
import type { TransactionScope, UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Role, User } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import { accountDisabled, notFound } from '../errors/common-errors.js';
import type { Logger } from '../logging/logger.js';
import { generatePassword } from './admin.service.js';
import type { PasswordHasher } from './auth-password.js';
import { createAccount } from './create-account.js';

/** Which people may sign in, and what their claims give them. */
export interface OidcAccountRules {
  /** Empty for any domain. */
  readonly allowedDomains: readonly string[];
  readonly roleClaim?: string;
  readonly adminValue: string;
  readonly linksVerifiedEmail: boolean;
  readonly allowsSignUp: boolean;
}

/** Dependencies of {@link OidcAccounts}. */
export interface OidcAccountsDeps {
  readonly unitOfWork: UnitOfWork;
  readonly passwords: Pick<PasswordHasher, 'hash'>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly rules: OidcAccountRules;
}

/** Outcome of a sign-in: an account, or one that is linked once its password was given. */
export interface OidcAccount {
  readonly user: User;
  /** Null for an account that belongs to the identity. */
  readonly link: PendingLink | null;
}

const EMAIL = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;
const MAX_EMAIL_LENGTH = 254;
const MAX_NAME_LENGTH = 100;
const MAX_SUBJECT_LENGTH = 255;
/** Characters that the database would store as others, so that two people could get one account. */
const UNSTORABLE = /[\p{Cc}\p{Cs}]/u;
const ACTOR = 'OpenID Connect';

/** Finds, links and creates the accounts of identities. */
export class OidcAccounts {
  readonly #deps: OidcAccountsDeps;

  constructor(deps: OidcAccountsDeps) {
    this.#deps = deps;
  }

  /**
   * The account of an identity: the linked one; one with the verified e-mail, which needs its password unless the
   * setting says otherwise; or a new one. The role follows the claim.
   * @throws AppError OIDC_DOMAIN_NOT_ALLOWED, OIDC_EMAIL_UNVERIFIED, OIDC_SIGN_UP_CLOSED, ACCOUNT_DISABLED, BUSY,
   *   OIDC_SIGN_IN_INVALID
   */
  async resolve(identity: ProviderIdentity, address: string): Promise<OidcAccount> {
    try {
      return await this.#resolve(identity, address);
    } catch (error) {
      // Another request has created the account in the meantime.
      const isRace = error instanceof AppError && ['EMAIL_TAKEN', 'IDENTITY_TAKEN'].includes(error.code);
      if (!isRace) throw error;
      return this.#resolve(identity, address);
    }
  }

  /** Links an account whose password was checked. @throws AppError IDENTITY_TAKEN */
  async link(scope: TransactionScope, user: User, link: PendingLink): Promise<User> {
    await scope.identities.link(link, user.id);
    await this.#record(scope, user, { what: 'link', issuer: link.issuer, by: 'password' });
    return this.#applyRole(scope, user, link.isAdmin);
  }

  async #resolve(identity: ProviderIdentity, address: string): Promise<OidcAccount> {
    const { issuer, subject } = identity;
    if (subject === '' || subject.length > MAX_SUBJECT_LENGTH || UNSTORABLE.test(subject))
      throw unusableSubject();
    const { allowedDomains } = this.#deps.rules;
    const email = verifiedEmail(identity);
    if (allowedDomains.length > 0) requireDomain(requireEmail(email), allowedDomains);
    const link: PendingLink = { issuer, subject, isAdmin: this.#isAdmin(identity) };
    const { identities, users } = this.#deps.unitOfWork.read;
    const userId = await identities.findUser(identity);
    if (userId !== null) return { user: await this.#known(userId, link), link: null };
    const account = await users.findByEmail(requireEmail(email));
    if (account === null) return { user: await this.#create(identity, link, address), link: null };
    if (account.disabledAt !== null) throw accountDisabled();
    // Nobody has checked the addresses of password accounts, and an admin's is worth the question.
    if (!this.#deps.rules.linksVerifiedEmail || account.role === 'admin') return { user: account, link };
    return { user: await this.#adopt(account, link, address), link: null };
  }

  #known(userId: string, link: PendingLink): Promise<User> {
    return this.#deps.unitOfWork.run(async (scope) => {
      const user = await scope.users.findById(userId);
      if (user === null) throw notFound('User', userId);
      if (user.disabledAt !== null) throw accountDisabled();
      return this.#applyRole(scope, user, link.isAdmin);
    });
  }

  async #create(identity: ProviderIdentity, link: PendingLink, address: string): Promise<User> {
    if (!this.#deps.rules.allowsSignUp)
      throw new AppError('OIDC_SIGN_UP_CLOSED', { message: 'There is no account for this person.' });
    const passwordHash = await this.#unknownPassword(address);
    return this.#deps.unitOfWork.run(async (scope) => {
      const user = await createAccount(scope, {
        email: requireEmail(verifiedEmail(identity)),
        passwordHash,
        role: 'user',
        name: usableName(identity.name),
        surname: usableName(identity.surname),
      });
      await scope.identities.link(link, user.id);
      return this.#applyRole(scope, user, link.isAdmin);
    });
  }

  /**
   * Gives an account to the owner of its e-mail. The person who registered the address may not own it, so that everything that
   * gives access to the account ends.
   */
  async #adopt(account: User, link: PendingLink, address: string): Promise<User> {
    const passwordHash = await this.#unknownPassword(address);
    return this.#deps.unitOfWork.run(async (scope) => {
      await scope.users.setPassword(account.id, passwordHash);
      await scope.userSessions.removeOthers(account.id, null);
      await scope.apiKeys.removeByUser(account.id);
      await scope.webhooks.removeAll(account.id);
      await scope.identities.removeByUser(account.id);
      await scope.identities.link(link, account.id);
      await this.#record(scope, account, { what: 'link', issuer: link.issuer, by: 'verified e-mail' });
      return this.#applyRole(scope, await requireUser(scope, account.id), link.isAdmin);
    });
  }

  /** A hash of a password that nobody knows, so that a wrong one takes as long as for any account. */
  #unknownPassword(address: string): Promise<string> {
    return this.#deps.passwords.hash(generatePassword(), address);
  }

  #isAdmin({ claims }: ProviderIdentity): boolean | null {
    const { roleClaim, adminValue } = this.#deps.rules;
    if (roleClaim === undefined) return null;
    return [claimAt(claims, roleClaim)].flat().includes(adminValue);
  }

  /** Sets the role that the claim says. The last admin stays one, so that somebody can administer the server. */
  async #applyRole(scope: TransactionScope, user: User, isAdmin: boolean | null): Promise<User> {
    const role: Role = isAdmin === null ? user.role : isAdmin ? 'admin' : 'user';
    if (role === user.role) return user;
    if (role === 'user' && !(await scope.users.lockAdmins()).some((id) => id !== user.id)) {
      this.#deps.log.warn('The role claim does not make the last admin one; the role was kept.', {
        userId: user.id,
      });
      return user;
    }
    await scope.users.setRole(user.id, role);
    await this.#record(scope, user, { what: 'role', role });
    return requireUser(scope, user.id);
  }

  async #record(
    { audit }: TransactionScope,
    { id, email }: User,
    { what, ...more }: { readonly what: string } & Readonly<Record<string, string>>,
  ): Promise<void> {
    const subject = { userId: id, email, ...more };
    await audit.append({ actorId: null, actor: ACTOR, action: `oidc ${what}`, subject, requestId: null });
    this.#deps.log.info('A sign-in by OpenID Connect changed an account.', { what, ...subject });
  }
}

const unusableSubject = (): AppError =>
  new AppError('OIDC_SIGN_IN_INVALID', {
    message: `The subject (sub) of the identity must have 1 to ${String(MAX_SUBJECT_LENGTH)} printable characters.`,
  });

async function requireUser({ users }: TransactionScope, id: string): Promise<User> {
  const user = await users.findById(id);
  if (user === null) throw notFound('User', id);
  return user;
}

/** The address in its stored form; null unless the provider has verified it. */
function verifiedEmail({ email, isEmailVerified }: ProviderIdentity): string | null {
  if (email === null || !isEmailVerified || email.length > MAX_EMAIL_LENGTH) return null;
  const canonical = canonicalEmail(email);
  const isUsable = EMAIL.test(canonical) && hiddenCharacterIn(canonical) === null;
  return isUsable && canonical.length <= MAX_EMAIL_LENGTH ? canonical : null;
}

function requireEmail(email: string | null): string {
  if (email !== null) return email;
  throw new AppError('OIDC_EMAIL_UNVERIFIED', {
    message: 'The identity provider gave no e-mail address that it has verified.',
  });
}

function requireDomain(email: string, domains: readonly string[]): void {
  const domain = email.slice(email.lastIndexOf('@') + 1);
  if (domains.includes(domain)) return;
  throw new AppError('OIDC_DOMAIN_NOT_ALLOWED', { message: `Addresses of ${domain} may not sign in here.` });
}

function usableName(text: string | undefined): string | undefined {
  const name = canonicalText(text ?? '').trim();
  const isUsable = name !== '' && name.length <= MAX_NAME_LENGTH && hiddenCharacterIn(name) === null;
  return isUsable ? name : undefined;
}

/** A claim by its name, or by a path of names; names may contain dots themselves. */
function claimAt(claims: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const name of path.split('.'))
    value = isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return value;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
