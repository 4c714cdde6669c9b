import { v7 as uuid } from 'uuid';
import type { ProviderIdentity } from '../../../src/domain/identity.js';
import { silentLogger } from '../../../src/logging/logger.js';
import { PasswordHasher } from '../../../src/services/auth-password.js';
import { OidcAccounts, type OidcAccountRules } from '../../../src/services/oidc-accounts.service.js';
import { InMemoryUnitOfWork } from '../../fakes/in-memory-unit-of-work.js';

const ISSUER = 'https://id.example.com';
const identity = (subject: string, more: Partial<ProviderIdentity> = {}): ProviderIdentity => ({
  issuer: ISSUER,
  subject,
  email: `${subject}@example.com`,
  isEmailVerified: true,
  claims: {},
  ...more,
});

describe('accounts of identities', () => {
  const passwords = new PasswordHasher(4);

  function open(rules: Partial<OidcAccountRules> = {}) {
    const unitOfWork = new InMemoryUnitOfWork();
    const accounts = new OidcAccounts({
      unitOfWork,
      passwords,
      log: silentLogger,
      rules: {
        allowedDomains: [],
        adminValue: 'admin',
        linksVerifiedEmail: false,
        allowsSignUp: true,
        ...rules,
      },
    });
    const register = async (name: string, role: 'user' | 'admin' = 'user') =>
      unitOfWork.run(async ({ users }) =>
        users.create({
          email: `${name}@example.com`,
          passwordHash: await passwords.hash('a password'),
          role,
        }),
      );
    return { unitOfWork, resolve: (who: ProviderIdentity) => accounts.resolve(who, '192.0.2.1'), register };
  }

  it('are new ones with the starting balance and a password that nobody knows', async () => {
    const { resolve, unitOfWork } = open();
    const { user, link } = await resolve(identity('ada', { name: ' Ada ', surname: 'Love\u202Elace' }));
    expect([user.balance, user.name, user.surname, link]).toEqual([100_000_000n, 'Ada', null, null]);
    expect(user.passwordHash).toMatch(/^\$2b\$/);
    expect(await unitOfWork.read.ledger.listByUser(user.id, 10)).toHaveLength(1);
    expect((await resolve(identity('ada', { email: null }))).user.id).toBe(user.id);
  });

  it('are created once for a person who signs in twice at the same time', async () => {
    const { resolve } = open();
    const both = await Promise.all([resolve(identity('ada')), resolve(identity('ada'))]);
    expect(both[0].user.id).toBe(both[1].user.id);
  });

  it('of the same subject at another issuer are others', async () => {
    const { resolve, register } = open();
    const { user } = await resolve(identity('ada'));
    const elsewhere = identity('ada', { issuer: 'https://other.example', email: 'other@example.com' });
    expect((await resolve(elsewhere)).user.id).not.toBe(user.id);
    await register('bob');
  });

  it.each([
    ['nothing', ''],
    ['256 characters', 'x'.repeat(256)],
    ['a NUL character', 'a\0da'],
    ['half of a character', 'ada\ud800'],
  ])('need a subject that tells people apart, not %s', async (_name, subject) => {
    const { resolve } = open();
    const failure = resolve(identity(subject, { email: 'ada@example.com' }));
    await expect(failure).rejects.toMatchObject({ code: 'OIDC_SIGN_IN_INVALID' });
  });

  it('with a password wait for it, whatever the provider has verified', async () => {
    const { resolve, register, unitOfWork } = open();
    const bob = await register('bob');
    const { user, link } = await resolve(identity('bob'));
    expect([user.id, link]).toEqual([bob.id, { issuer: ISSUER, subject: 'bob', isAdmin: null }]);
    expect(await unitOfWork.read.identities.findUser(identity('bob'))).toBeNull();
  });

  describe('linked by verified e-mail, with the setting,', () => {
    it('lose everything that whoever registered the address could use', async () => {
      const { resolve, register, unitOfWork } = open({ linksVerifiedEmail: true });
      const bob = await register('bob');
      await unitOfWork.read.apiKeys.create({
        id: uuid(),
        userId: bob.id,
        name: 'of the squatter',
        scopes: ['admin'],
        sha256: Buffer.alloc(32),
        expiresAt: null,
        ipRanges: [],
        rateLimitPerMinute: null,
      });
      await unitOfWork.read.identities.link({ issuer: ISSUER, subject: 'squatter' }, bob.id);
      const { user, link } = await resolve(identity('bob'));
      expect([user.id, link]).toEqual([bob.id, null]);
      expect(await passwords.matches('a password', user.passwordHash)).toBe(false);
      expect(user.tokenVersion).toBe(bob.tokenVersion + 1);
      expect(await unitOfWork.read.apiKeys.listByUser(bob.id)).toEqual([]);
      expect(await unitOfWork.read.identities.findUser(identity('squatter'))).toBeNull();
    });

    it('are never those of admins, of disabled users, or of an address that is not verified', async () => {
      const { resolve, register, unitOfWork } = open({ linksVerifiedEmail: true });
      await register('root', 'admin');
      expect((await resolve(identity('root'))).link).not.toBeNull();
      const { id } = await register('gone');
      await unitOfWork.run(({ users }) => users.setDisabled(id, true));
      await expect(resolve(identity('gone'))).rejects.toMatchObject({ code: 'ACCOUNT_DISABLED' });
      await register('bob');
      const unverified = resolve(identity('bob', { isEmailVerified: false }));
      await expect(unverified).rejects.toMatchObject({ code: 'OIDC_EMAIL_UNVERIFIED' });
    });
  });

  it('are not created where sign-up is closed', async () => {
    const { resolve } = open({ allowsSignUp: false });
    await expect(resolve(identity('ada'))).rejects.toMatchObject({ code: 'OIDC_SIGN_UP_CLOSED' });
  });

  it('that were linked are refused when their domain is no longer allowed', async () => {
    const { resolve } = open({ allowedDomains: ['example.com'] });
    await resolve(identity('ada'));
    const moved = resolve(identity('ada', { email: 'ada@elsewhere.example' }));
    await expect(moved).rejects.toMatchObject({ code: 'OIDC_DOMAIN_NOT_ALLOWED' });
  });

  it.each<[string, string, unknown, string]>([
    ['a text', 'role', { role: 'admin' }, 'admin'],
    ['one of a list', 'groups', { groups: ['a', 'admin'] }, 'admin'],
    ['a path', 'realm_access.roles', { realm_access: { roles: ['admin'] } }, 'admin'],
    ['a name with dots', 'https://example.com/roles', { 'https://example.com/roles': ['admin'] }, 'admin'],
    ['part of a text', 'role', { role: 'administrator' }, 'user'],
    ['a property of every object', 'constructor.name', {}, 'user'],
    ['another value', 'role', { role: true }, 'user'],
    ['nothing', 'role', {}, 'user'],
  ])('get the role of a claim that is %s', async (_name, roleClaim, claims, role) => {
    const { resolve, register } = open({ roleClaim });
    await register('root', 'admin');
    const { user } = await resolve(identity('ada', { claims: claims as Record<string, unknown> }));
    expect(user.role).toBe(role);
  });
});
