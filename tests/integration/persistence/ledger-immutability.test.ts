import { openAccount, openJob } from '../../support/contracts/harness.js';
import { openRealPersistence, type RealPersistence } from '../../support/open-persistence.js';

let real: RealPersistence;
describe('ledger immutability', () => {
  beforeAll(async () => {
    real = await openRealPersistence();
  });
  afterAll(() => real.close());

  const sql = (statement: string) => real.database.sequelize.query(statement);

  it.each([
    'UPDATE credit_transactions SET amount_micro = 0',
    'DELETE FROM credit_transactions',
    'TRUNCATE credit_transactions',
    'TRUNCATE users CASCADE',
  ])('the ledger refuses %s', async (statement) => {
    const { id } = await openAccount(real, 7);
    await expect(sql(statement)).rejects.toThrow('append-only');
    expect(await real.unitOfWork.read.ledger.sumOfDeltas(id)).toBe(7_000_000n);
  });

  it('an account or a job with ledger rows cannot be deleted', async () => {
    const { id } = await openAccount(real, 1);
    const job = await openJob(real);
    await real.unitOfWork.run(({ ledger }) =>
      ledger.append({
        userId: job.userId,
        jobId: job.id,
        kind: 'capture',
        amount: 1n,
        delta: 0n,
        description: 'x',
      }),
    );
    await expect(sql(`DELETE FROM users WHERE id = '${id}'`)).rejects.toThrow('foreign key');
    await expect(sql(`DELETE FROM inference_jobs WHERE id = '${job.id}'`)).rejects.toThrow('foreign key');
  });

  it('the database itself keeps balances from falling below zero and rows from not adding up', async () => {
    const { id } = await openAccount(real, 1);
    await expect(sql(`UPDATE users SET balance_micro = -1 WHERE id = '${id}'`)).rejects.toThrow(
      'not_negative',
    );
    await expect(
      sql(`INSERT INTO credit_transactions (id, user_id, kind, amount_micro, delta_micro, balance_before_micro,
           balance_after_micro, description) VALUES (gen_random_uuid(), '${id}', 'grant', 5, 5, 0, 6, 'x')`),
    ).rejects.toThrow('adds_up');
  });

  it.each(['no-at-sign', 'two@@example.com', 'UPPER@example.com', 'blank @example.com', 'a@nodot'])(
    'the database refuses the e-mail %s',
    async (email) => {
      const insert = sql(
        `INSERT INTO users (id, email, password_hash) VALUES (gen_random_uuid(), '${email}', 'hash')`,
      );
      await expect(insert).rejects.toThrow('users_email');
    },
  );

  it('no statement brings a finished job back', async () => {
    const job = await openJob(real);
    await real.unitOfWork.read.jobs.finish(job.id, 'FAILED', { code: 'X', message: 'x' });
    for (const status of ['PENDING', 'COMPLETED', 'ABORTED']) {
      const change = sql(`UPDATE inference_jobs SET status = '${status}' WHERE id = '${job.id}'`);
      await expect(change).rejects.toThrow('stays so');
    }
    expect(await real.unitOfWork.read.jobs.findById(job.id)).toMatchObject({ status: 'FAILED' });
  });
});
