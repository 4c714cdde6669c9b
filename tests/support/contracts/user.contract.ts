import { v7 as uuid } from 'uuid';
import { openAccount, useHarness, type OpenPersistence } from './harness.js';

/** What every {@link UserRepository} keeps to. */
export function describeUserRepository(open: OpenPersistence): void {
  describe('users', () => {
    const harness = useHarness(open);
    const users = () => harness().unitOfWork.read.users;

    it('are found by id and by e-mail in any case', async () => {
      const created = await users().create({
        email: 'Ada.Lovelace@Example.COM',
        passwordHash: 'hash',
        role: 'admin',
        name: 'Ada',
        surname: 'Lovelace',
      });
      expect(created).toMatchObject({
        email: 'ada.lovelace@example.com',
        role: 'admin',
        tokenVersion: 0,
        balance: 0n,
      });
      expect(await users().findById(created.id)).toEqual(created);
      expect(await users().findByEmail('ADA.lovelace@example.com')).toEqual(created);
      expect(created).toMatchObject({ name: 'Ada', surname: 'Lovelace', passwordHash: 'hash' });
    });

    it('without a name have none, and unknown ones are null', async () => {
      expect(await openAccount(harness())).toMatchObject({ name: null, surname: null });
      expect(await users().findById(uuid())).toBeNull();
      expect(await users().findByEmail('nobody@example.com')).toBeNull();
    });

    it('are found by several ids at once, those that there are', async () => {
      const [first, second] = [await openAccount(harness()), await openAccount(harness())];
      const found = await users().findByIds([second.id, uuid(), first.id]);
      expect(found.map(({ id }) => id).sort()).toEqual([first.id, second.id].sort());
      expect(found.find(({ id }) => id === first.id)).toEqual(await users().findById(first.id));
      expect(await users().findByIds([])).toEqual([]);
    });

    it('cannot share an e-mail, whatever its case', async () => {
      await users().create({ email: 'taken@example.com', passwordHash: 'hash', role: 'user' });
      await expect(
        users().create({ email: 'TAKEN@example.com', passwordHash: 'other', role: 'user' }),
      ).rejects.toMatchObject({ code: 'EMAIL_TAKEN', kind: 'conflict' });
    });

    it('lose their tokens with a new password', async () => {
      const { id } = await openAccount(harness());
      await users().setPassword(id, 'new hash');
      expect(await users().findById(id)).toMatchObject({ passwordHash: 'new hash', tokenVersion: 1 });
    });

    it('lose their tokens with the admin role, not when they get it', async () => {
      const { id } = await openAccount(harness());
      await users().setRole(id, 'admin');
      expect(await users().findById(id)).toMatchObject({ role: 'admin', tokenVersion: 0 });
      await users().setRole(id, 'user');
      expect(await users().findById(id)).toMatchObject({ role: 'user', tokenVersion: 1 });
    });

    it('that do not exist cannot be changed', async () => {
      await expect(users().setRole(uuid(), 'admin')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(users().setPassword(uuid(), 'hash')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
  });
}
