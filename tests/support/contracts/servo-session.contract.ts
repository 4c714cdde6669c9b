import { createHash } from 'node:crypto';
import { v7 as uuid } from 'uuid';
import type { NewServoSession } from '../../../src/domain/repositories/servo-session.repository.js';
import type { ServoSession } from '../../../src/domain/servo-session.js';
import { settleSession, holdForSession } from '../../../src/services/servo-settlement.js';
import { newServoSession } from '../../factories/new-servo-session.js';
import { openAccount, useHarness, type OpenPersistence, type PersistenceHarness } from './harness.js';

/** A live session of a new user with one credit. */
export async function openServoSession(
  harness: PersistenceHarness,
  overrides: Partial<NewServoSession> = {},
): Promise<ServoSession> {
  const { id } = await openAccount(harness, 1);
  return harness.unitOfWork.run(async (scope) => {
    const session = await scope.servoSessions.create(newServoSession(id, overrides));
    await holdForSession(scope, session);
    return session;
  });
}

/** What every {@link ServoSessionRepository} keeps to. */
export function describeServoSessionRepository(open: OpenPersistence): void {
  describe('sessions of live servoing', () => {
    const harness = useHarness(open);
    const sessions = () => harness().unitOfWork.read.servoSessions;
    const progressOf = ({ id }: ServoSession, framesAnswered: number) =>
      ({ id, status: 'active', framesAnswered, framesSkipped: 3, restarts: 1 }) as const;
    const settle = (id: string, framesAnswered: number) =>
      harness().unitOfWork.run(async (scope) => {
        const row = await scope.servoSessions.lock(id);
        return row && settleSession(scope, row, { reason: 'closed', framesAnswered });
      });
    const balanceOf = async (userId: string) => {
      const { users, ledger } = harness().unitOfWork.read;
      const user = await users.findById(userId);
      expect(await ledger.sumOfDeltas(userId)).toBe(user?.balance);
      return user?.balance;
    };
    const rowsOf = async (userId: string) =>
      (await harness().unitOfWork.read.ledger.listByUser(userId, 10)).map(
        ({ kind, hold, amount, sessionId }) => ({ kind, hold, amount, sessionId }),
      );

    it('are found as they were made, by their owner alone', async () => {
      const given = newServoSession((await openAccount(harness(), 1)).id);
      const { leaseMs: _, ...kept } = given;
      const made = await harness().unitOfWork.run((scope) => scope.servoSessions.create(given));
      expect(made).toMatchObject({
        ...kept,
        status: 'active',
        framesAnswered: 0,
        captured: 0n,
        endedAt: null,
      });
      expect(await sessions().findById(given.id)).toEqual(made);
      expect(await sessions().requireOwned(given.id, given.userId)).toEqual(made);
      await expect(sessions().requireOwned(given.id, uuid())).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect(await sessions().countLive(given.userId)).toBe(1);
    });

    it('are listed newest first, page by page', async () => {
      const { id: userId } = await openAccount(harness(), 1);
      const ids: string[] = [];
      for (let at = 0; at < 3; at += 1) {
        const { id } = await harness().unitOfWork.run((scope) =>
          scope.servoSessions.create(newServoSession(userId)),
        );
        ids.unshift(id);
      }
      await settle(ids[1], 0);
      const first = await sessions().list({ userId, limit: 2 });
      const second = await sessions().list({ userId, limit: 2, cursor: first.nextCursor ?? '' });
      expect([...first.rows, ...second.rows].map(({ id }) => id)).toEqual(ids);
      expect(second.nextCursor).toBeNull();
      const live = await sessions().list({ userId, limit: 9, status: ['active'] });
      expect(live.rows.map(({ id }) => id)).toEqual([ids[0], ids[2]]);
    });

    it('are renewed by their instance alone, and their counts never fall', async () => {
      const session = await openServoSession(harness());
      const { id: instance } = session.instance;
      expect(await sessions().renew(uuid(), 60_000, [progressOf(session, 9)])).toEqual(new Set());
      const renewed = await sessions().renew(instance, 60_000, [progressOf(session, 7)]);
      expect(renewed).toEqual(new Set([session.id]));
      await sessions().renew(instance, 60_000, [progressOf(session, 5)]);
      expect(await sessions().findById(session.id)).toMatchObject({ framesAnswered: 7, framesSkipped: 3 });
      await settle(session.id, 0);
      expect(await sessions().renew(instance, 60_000, [progressOf(session, 8)])).toEqual(new Set());
      expect(await sessions().findById(session.id)).toMatchObject({ status: 'ended', framesAnswered: 7 });
    });

    it('capture what was answered and release the rest, once however many end them', async () => {
      const { id, userId } = await openServoSession(harness());
      expect(await balanceOf(userId)).toBe(800_000n);
      const ends = await Promise.all([settle(id, 30), settle(id, 30), settle(id, 30)]);
      expect(ends.filter((end) => end?.status === 'ended')).toHaveLength(1);
      expect(await balanceOf(userId)).toBe(940_000n);
      expect(await rowsOf(userId)).toEqual([
        { kind: 'release', hold: null, amount: 140_000n, sessionId: id },
        { kind: 'capture', hold: null, amount: 60_000n, sessionId: id },
        { kind: 'hold', hold: 'captured', amount: 200_000n, sessionId: id },
        { kind: 'grant', hold: null, amount: 1_000_000n, sessionId: null },
      ]);
      expect(await sessions().findById(id)).toMatchObject({ captured: 60_000n, endReason: 'closed' });
    });

    it('that never answered cost nothing, and no session costs more than was held', async () => {
      const idle = await openServoSession(harness());
      await settle(idle.id, 0);
      expect(await balanceOf(idle.userId)).toBe(1_000_000n);
      expect((await rowsOf(idle.userId)).map(({ kind, hold }) => hold ?? kind)).toEqual([
        'release',
        'released',
        'grant',
      ]);
      const busy = await openServoSession(harness());
      await settle(busy.id, 1_000);
      expect(await balanceOf(busy.userId)).toBe(800_000n);
      expect(await sessions().findById(busy.id)).toMatchObject({ framesAnswered: 100, captured: 200_000n });
    });

    it('are abandoned when their lease ran out or their user is gone', async () => {
      const kept = await openServoSession(harness());
      const lost = await openServoSession(harness(), { leaseMs: -60_000 });
      const orphan = await openServoSession(harness());
      await harness().unitOfWork.run(({ users }) => users.remove(orphan.userId));
      const found = async () =>
        new Map(
          (await sessions().findAbandoned(100, { unspentMs: 0, serverUpMs: 0 })).map(({ id, reason }) => [
            id,
            reason,
          ]),
        );
      const abandoned = await found();
      expect([kept, lost, orphan].map(({ id }) => abandoned.get(id))).toEqual([undefined, 'lost', 'account']);
      await sessions().renew(lost.instance.id, 60_000, [progressOf(lost, 1)]);
      expect((await found()).has(lost.id)).toBe(false);
    });

    it('keep the images of the goals that were used last', async () => {
      const { id: userId } = await openAccount(harness());
      const goals = ['a', 'b', 'c'].map((text) => {
        const image = new Uint8Array(Buffer.from(text.repeat(100)));
        return { image, sha256: createHash('sha256').update(image).digest('hex') };
      });
      const keep = (goal: (typeof goals)[number]) =>
        harness().unitOfWork.run(({ servoSessions }) => servoSessions.keepGoal(userId, goal, 2));
      await keep(goals[0]);
      await keep(goals[1]);
      await keep(goals[0]);
      await keep(goals[2]);
      const found = () => Promise.all(goals.map(({ sha256 }) => sessions().findGoal(userId, sha256)));
      expect((await found()).map((image) => image && Buffer.from(image).toString())).toEqual([
        'a'.repeat(100),
        null,
        'c'.repeat(100),
      ]);
      expect(await sessions().findGoal(uuid(), goals[0].sha256)).toBeNull();
      await harness().unitOfWork.run(({ servoSessions }) => servoSessions.removeGoals(userId));
      expect(await found()).toEqual([null, null, null]);
    });
  });
}
