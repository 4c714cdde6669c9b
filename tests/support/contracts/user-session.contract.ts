import { v7 as uuid } from 'uuid';
import type { NewUserSession } from '../../../src/domain/user-session.js';
import { openAccount, useHarness, type OpenPersistence } from './harness.js';

const newSession = (userId: string, overrides: Partial<NewUserSession> = {}): NewUserSession => ({
  id: uuid(),
  userId,
  tokenVersion: 0,
  refreshSha256: Buffer.alloc(32, 1),
  familySha256: null,
  address: '192.0.2.1',
  userAgent: 'a client',
  expiresAt: new Date('2090-01-01T00:00:00.000Z'),
  ...overrides,
});

/** What every {@link UserSessionRepository} keeps to. */
export function describeUserSessionRepository(open: OpenPersistence): void {
  describe('sessions of people', () => {
    const harness = useHarness(open);
    const sessions = () => harness().unitOfWork.read.userSessions;
    const found = (sessionIds: readonly string[]) =>
      harness().unitOfWork.read.users.findBySessions(sessionIds);
    const ids = async (id: string, tokenVersion = 0) =>
      (await sessions().listByUser({ id, tokenVersion })).map((session) => session.id);

    it('keep all fields, and are listed by their last use', async () => {
      const { id: userId } = await openAccount(harness());
      const first = await sessions().create(newSession(userId), 10);
      expect(first).toMatchObject({ refreshSha256: Buffer.alloc(32, 1), userAgent: 'a client' });
      const second = await sessions().create(newSession(userId, { userAgent: null }), 10);
      expect(await ids(userId)).toEqual([second.id, first.id]);
      const token = {
        refreshSha256: Buffer.alloc(32, 2),
        familySha256: Buffer.alloc(32, 3),
        expiresAt: new Date('2091-01-01T00:00:00.000Z'),
      };
      // Uses within one millisecond have no order.
      const used = Date.now();
      while (Date.now() <= used + 1);
      await sessions().renew(first.id, token);
      expect(await ids(userId)).toEqual([first.id, second.id]);
      const listed = await sessions().listByUser({ id: userId, tokenVersion: 0 });
      expect(listed[0]).toMatchObject(token);
    });

    it('beyond a number end, and so do those of an earlier token version and expired ones', async () => {
      const { id: userId } = await openAccount(harness());
      const expired = await sessions().create(newSession(userId, { expiresAt: new Date(1000) }), 3);
      expect(await ids(userId)).toEqual([]);
      const kept: string[] = [];
      for (let index = 0; index < 4; index += 1)
        kept.unshift((await sessions().create(newSession(userId), 3)).id);
      expect(await ids(userId)).toEqual(kept.slice(0, 3));
      expect(await found([expired.id, kept[3]])).toEqual([]);
      const next = await sessions().create(newSession(userId, { tokenVersion: 1 }), 3);
      expect([await ids(userId), await ids(userId, 1)]).toEqual([[], [next.id]]);
      // A sign-in that began before the password was changed.
      await sessions().create(newSession(userId), 3);
      expect(await ids(userId, 1)).toEqual([next.id]);
    });

    it('lead to their users until either has ended', async () => {
      const [one, other] = [await openAccount(harness()), await openAccount(harness())];
      const open = async (userId: string) => (await sessions().create(newSession(userId), 10)).id;
      const [first, second, third] = [await open(one.id), await open(one.id), await open(other.id)];
      const usersOf = async (...sessionIds: string[]) =>
        Object.fromEntries((await found([...sessionIds, uuid()])).map(({ id, user }) => [id, user.id]));
      expect(await usersOf(first, second, third)).toEqual({
        [first]: one.id,
        [second]: one.id,
        [third]: other.id,
      });
      await sessions().remove({ id: first, userId: one.id });
      expect(await usersOf(first, second)).toEqual({ [second]: one.id });
      const current = await harness().unitOfWork.read.users.findById(one.id);
      const [{ user }] = await found([second]);
      expect(current).toMatchObject(user);
      expect(user).toMatchObject({ email: current?.email, role: 'user', tokenVersion: 0, disabledAt: null });
      await harness().unitOfWork.run(({ users }) => users.remove(one.id));
      expect(await usersOf(second, third)).toEqual({ [third]: other.id });
    });

    it('end one by one, or all others of the user', async () => {
      const [{ id: userId }, other] = [await openAccount(harness()), await openAccount(harness())];
      const create = async (owner: string) => (await sessions().create(newSession(owner), 10)).id;
      const [first, second, third] = [await create(userId), await create(userId), await create(userId)];
      const foreign = await create(other.id);
      expect(await sessions().remove({ id: first, userId: other.id })).toBe(false);
      expect(await sessions().remove({ id: first, userId })).toBe(true);
      expect(await sessions().removeOthers(userId, third)).toBe(1);
      expect(await ids(userId)).toEqual([third]);
      expect(await sessions().removeOthers(userId, null)).toBe(1);
      expect([await ids(userId), await ids(other.id)]).toEqual([[], [foreign]]);
      expect(await found([second])).toEqual([]);
    });

    it('have one link to set a password per user, which is taken once and ends with a new password', async () => {
      const { id: userId } = await openAccount(harness());
      const reset = () => ({
        id: uuid(),
        userId,
        sha256: Buffer.alloc(32, 3),
        expiresAt: new Date('2090-01-01T00:00:00.000Z'),
      });
      const [first, second] = [reset(), reset()];
      await sessions().putReset(first);
      await sessions().putReset(second);
      expect(await sessions().takeReset(first.id)).toBeNull();
      expect(await sessions().takeReset(second.id)).toEqual(second);
      expect(await sessions().takeReset(second.id)).toBeNull();
      await sessions().putReset(first);
      await harness().unitOfWork.run(({ users }) => users.setPassword(userId, 'new hash'));
      expect(await sessions().takeReset(first.id)).toBeNull();
    });
  });
}
