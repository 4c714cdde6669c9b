import { v7 as uuid } from 'uuid';
import { createSequelize } from '../../../src/composition/create-sequelize.js';
import { newLease, newOutcome, openAccount, openJob } from '../../support/contracts/harness.js';
import { openRealPersistence, type RealPersistence } from '../../support/open-persistence.js';

let real: RealPersistence;
describe('concurrency', () => {
  beforeAll(async () => {
    real = await openRealPersistence(20);
  });
  afterAll(() => real.close());

  it('1000 debits of one credit over 20 connections take exactly the 500 that are there', async () => {
    const { id: userId } = await openAccount(real, 500);
    const debit = () =>
      real.unitOfWork.run(({ ledger }) =>
        ledger.append({
          userId,
          kind: 'upload',
          amount: 1_000_000n,
          delta: -1_000_000n,
          description: 'burst',
        }),
      );
    const outcomes = await Promise.allSettled(Array.from({ length: 1000 }, debit));
    const refusals = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(outcomes.length - refusals.length).toBe(500);
    expect(refusals.every(({ reason }) => reason.code === 'INSUFFICIENT_CREDITS')).toBe(true);
    const { users, ledger } = real.unitOfWork.read;
    expect((await users.findById(userId))?.balance).toBe(0n);
    expect(await ledger.sumOfDeltas(userId)).toBe(0n);
    const rows = await ledger.listByUser(userId, 1000);
    expect(rows).toHaveLength(501);
    // Each row continues where the one before it ended: nothing was read before somebody else's change.
    expect(rows.slice(0, -1).every((row, index) => row.balanceBefore === rows[index + 1].balanceAfter)).toBe(
      true,
    );
  });

  it('two ends of a job at the same time settle it once', async () => {
    const { jobs } = real.unitOfWork.read;
    for (let round = 0; round < 10; round += 1) {
      const job = await openJob(real);
      const { fence, expiresAt } = newLease();
      await jobs.claimForRun(job.id, { fence, expiresAt });
      const settle = (end: 'complete' | 'abort') =>
        real.unitOfWork.run(async (scope) => {
          const ended =
            end === 'complete'
              ? await scope.jobs.complete(job.id, fence, newOutcome())
              : await scope.jobs.finish(job.id, 'ABORTED', null);
          if (ended) {
            await scope.ledger.append({
              userId: job.userId,
              jobId: job.id,
              kind: end === 'complete' ? 'capture' : 'release',
              amount: 5n,
              delta: end === 'complete' ? 0n : 5n,
              description: end,
            });
          }
          return ended;
        });
      const ended = await Promise.all([settle('complete'), settle('abort')]);
      expect(ended.filter(Boolean)).toHaveLength(1);
      expect(await real.unitOfWork.read.ledger.listByUser(job.userId, 5)).toHaveLength(1);
    }
  });

  it('a deadlock is run again and both sides go through', async () => {
    const [first, second] = [await openAccount(real, 10), await openAccount(real, 10)];
    const bothInside = barrier(2);
    let attempts = 0;
    const transfer = (from: string, to: string) =>
      real.unitOfWork.run(async ({ ledger }) => {
        attempts += 1;
        await ledger.append({ userId: from, kind: 'upload', amount: 1n, delta: -1n, description: 'out' });
        await bothInside();
        await ledger.append({ userId: to, kind: 'refund', amount: 1n, delta: 1n, description: 'in' });
      });
    await Promise.all([transfer(first.id, second.id), transfer(second.id, first.id)]);
    expect(attempts).toBeGreaterThan(2);
    for (const { id } of [first, second]) {
      expect((await real.unitOfWork.read.users.findById(id))?.balance).toBe(10_000_000n);
      expect(await real.unitOfWork.read.ledger.listByUser(id, 10)).toHaveLength(3);
    }
  });

  it('transactions read what others have committed, whatever the default of the database', async () => {
    const { sequelize, config } = real.database;
    const name = new URL(real.database.url).pathname.slice(1);
    await sequelize.query(`ALTER DATABASE "${name}" SET default_transaction_isolation TO 'serializable'`);
    const fresh = createSequelize(config);
    try {
      const [shown] = await fresh.transaction((transaction) =>
        fresh.query('SHOW transaction_isolation', { transaction }),
      );
      expect(shown).toEqual({ transaction_isolation: 'read committed' });
    } finally {
      await fresh.close();
      await sequelize.query(`ALTER DATABASE "${name}" RESET default_transaction_isolation`);
    }
  });

  it('nothing but a conflict of transactions is run again', async () => {
    let attempts = 0;
    const failing = real.unitOfWork.run(async ({ users }) => {
      attempts += 1;
      const email = `${uuid()}@example.com`;
      await users.create({ email, passwordHash: 'hash', role: 'user' });
      await users.create({ email, passwordHash: 'hash', role: 'user' });
    });
    await expect(failing).rejects.toMatchObject({ code: 'EMAIL_TAKEN' });
    expect(attempts).toBe(1);
  });

  it('a lock makes the second transaction wait and see what the first one did', async () => {
    const job = await openJob(real);
    const order: string[] = [];
    const locked = barrier(2);
    const first = real.unitOfWork.run(async ({ jobs }) => {
      await jobs.lock(job.id);
      await locked();
      order.push('first');
      await jobs.finish(job.id, 'ABORTED', null);
    });
    await locked();
    const second = real.unitOfWork.run(async ({ jobs }) => {
      const seen = await jobs.lock(job.id);
      order.push('second');
      return seen?.status;
    });
    await first;
    expect(await second).toBe('ABORTED');
    expect(order).toEqual(['first', 'second']);
  });
});

/** Resolves for everybody once `parties` have come; later calls pass at once. */
function barrier(parties: number): () => Promise<void> {
  let arrived = 0;
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  return () => {
    arrived += 1;
    if (arrived >= parties) open();
    return gate;
  };
}
