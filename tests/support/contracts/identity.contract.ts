import { v7 as uuid } from 'uuid';
import type { SignInCode } from '../../../src/domain/identity.js';
import { openAccount, useHarness, type OpenPersistence } from './harness.js';

const issuer = 'https://id.example.com';

/** What every {@link IdentityRepository} keeps to. */
export function describeIdentityRepository(open: OpenPersistence): void {
  describe('identities', () => {
    const harness = useHarness(open);
    const identities = () => harness().unitOfWork.read.identities;

    it('belong to one user each, and go with the account', async () => {
      const [first, second] = [await openAccount(harness()), await openAccount(harness())];
      const subject = uuid();
      expect(await identities().findUser({ issuer, subject })).toBeNull();
      await identities().link({ issuer, subject }, first.id);
      const taken = identities().link({ issuer, subject }, second.id);
      await expect(taken).rejects.toMatchObject({ code: 'IDENTITY_TAKEN' });
      await identities().link({ issuer: `${issuer}/other`, subject }, second.id);
      expect(await identities().findUser({ issuer, subject })).toBe(first.id);
      await harness().unitOfWork.run(({ users }) => users.remove(first.id));
      expect(await identities().findUser({ issuer, subject })).toBeNull();
      expect(await identities().findUser({ issuer: `${issuer}/other`, subject })).toBe(second.id);
    });

    it('have codes that are taken once, and removed after their time', async () => {
      const { id: userId } = await openAccount(harness());
      const code = (overrides: Partial<SignInCode> = {}): SignInCode => ({
        id: uuid(),
        userId,
        sha256: Buffer.alloc(32, 1),
        link: { issuer, subject: 'ada', isAdmin: null },
        expiresAt: new Date('2090-01-01T00:00:00.000Z'),
        ...overrides,
      });
      const [kept, plain, old] = [code(), code({ link: null }), code({ expiresAt: new Date(1000) })];
      for (const one of [old, kept, plain]) await identities().putCode(one);
      expect(await identities().findCode(kept.id)).toEqual(kept);
      expect(await identities().takeCode(plain.id)).toEqual(plain);
      expect(await identities().takeCode(plain.id)).toBeNull();
      expect(await identities().findCode(old.id)).toBeNull();
    });

    it('know the admins that can sign in', async () => {
      const { unitOfWork } = harness();
      const [admin, disabled] = [await openAccount(harness()), await openAccount(harness())];
      await openAccount(harness());
      await unitOfWork.run(async ({ users }) => {
        for (const { id } of [admin, disabled]) await users.setRole(id, 'admin');
        await users.setDisabled(disabled.id, true);
      });
      const admins = await unitOfWork.run(({ users }) => users.lockAdmins());
      expect(admins).toContain(admin.id);
      expect(admins).not.toContain(disabled.id);
    });
  });
}
