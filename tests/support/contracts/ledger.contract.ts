import { v7 as uuid } from 'uuid';
import { fromCredits } from '../../../src/domain/money.js';
import { openAccount, openJob, useHarness, type OpenPersistence } from './harness.js';

/** What every {@link LedgerRepository} keeps to. */
export function describeLedgerRepository(open: OpenPersistence): void {
  describe('ledger', () => {
    const harness = useHarness(open);
    const read = () => harness().unitOfWork.read;
    const debit = (userId: string, amount: bigint) =>
      harness().unitOfWork.run(({ ledger }) =>
        ledger.append({ userId, kind: 'upload', amount, delta: -amount, description: 'upload' }),
      );
    const balanceOf = async (userId: string) => (await read().users.findById(userId))?.balance;

    it('rows chain the balances and add up to the balance', async () => {
      const { id } = await openAccount(harness(), 100);
      await debit(id, fromCredits(0.09));
      await debit(id, fromCredits(99));
      const rows = await read().ledger.listByUser(id, 10);
      expect(
        rows.map(({ kind, delta, balanceBefore, balanceAfter }) => ({
          kind,
          delta,
          balanceBefore,
          balanceAfter,
        })),
      ).toEqual([
        { kind: 'upload', delta: -99_000_000n, balanceBefore: 99_910_000n, balanceAfter: 910_000n },
        { kind: 'upload', delta: -90_000n, balanceBefore: 100_000_000n, balanceAfter: 99_910_000n },
        { kind: 'grant', delta: 100_000_000n, balanceBefore: 0n, balanceAfter: 100_000_000n },
      ]);
      expect(await read().ledger.sumOfDeltas(id)).toBe(910_000n);
      expect(await balanceOf(id)).toBe(910_000n);
      expect(await read().ledger.listByUser(id, 2)).toEqual(rows.slice(0, 2));
    });

    it('a debit beyond the balance is refused with the missing amount and leaves nothing', async () => {
      const { id } = await openAccount(harness(), 1);
      await expect(debit(id, fromCredits(3.5))).rejects.toMatchObject({
        code: 'INSUFFICIENT_CREDITS',
        kind: 'insufficient_credits',
        details: { balance: 1, required: 3.5, missing: 2.5 },
      });
      expect(await balanceOf(id)).toBe(1_000_000n);
      expect(await read().ledger.listByUser(id, 10)).toHaveLength(1);
    });

    it('the last micro-credit can be spent', async () => {
      const { id } = await openAccount(harness(), 1);
      await debit(id, 1_000_000n);
      expect(await balanceOf(id)).toBe(0n);
      await expect(debit(id, 1n)).rejects.toMatchObject({ details: { missing: 0.000001 } });
    });

    it('several rows are written together, in their order, or none of them', async () => {
      const { id } = await openAccount(harness(), 1);
      const row = (amount: bigint) =>
        ({ kind: 'capture', amount, delta: -amount, description: String(amount) }) as const;
      const appendAll = (amounts: readonly bigint[]) =>
        harness().unitOfWork.run(({ ledger }) => ledger.appendAll(id, amounts.map(row)));
      await appendAll([100_000n, 200_000n, 300_000n]);
      await expect(appendAll([100_000n, 400_000n])).rejects.toMatchObject({ code: 'INSUFFICIENT_CREDITS' });
      const rows = await read().ledger.listByUser(id, 10);
      expect(
        rows.map(({ description, balanceBefore, balanceAfter }) => [
          description,
          balanceBefore,
          balanceAfter,
        ]),
      ).toEqual([
        ['300000', 700_000n, 400_000n],
        ['200000', 900_000n, 700_000n],
        ['100000', 1_000_000n, 900_000n],
        ['start', 0n, 1_000_000n],
      ]);
      expect(await balanceOf(id)).toBe(400_000n);
      expect(await read().ledger.sumOfDeltas(id)).toBe(400_000n);
    });

    it('a capture is recorded without changing the balance', async () => {
      const job = await openJob(harness());
      const entry = await harness().unitOfWork.run(({ ledger }) =>
        ledger.append({
          userId: job.userId,
          jobId: job.id,
          kind: 'capture',
          amount: 180_000n,
          delta: 0n,
          description: 'done',
        }),
      );
      expect(entry).toMatchObject({ jobId: job.id, amount: 180_000n, balanceBefore: 0n, balanceAfter: 0n });
    });

    it('a job has at most one row of each kind', async () => {
      const { id: jobId, userId } = await openJob(harness());
      const release = () =>
        harness().unitOfWork.run(({ ledger }) =>
          ledger.append({ userId, jobId, kind: 'release', amount: 5n, delta: 5n, description: 'release' }),
        );
      await release();
      await expect(release()).rejects.toMatchObject({ code: 'LEDGER_ROW_EXISTS', kind: 'conflict' });
      expect(await balanceOf(userId)).toBe(5n);
      expect(await read().ledger.sumOfDeltas(userId)).toBe(5n);
    });

    it('concurrent debits spend the balance exactly once', async () => {
      const { id } = await openAccount(harness(), 20);
      const tries = Array.from({ length: 60 }, () => debit(id, 1_000_000n));
      const outcomes = await Promise.allSettled(tries);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
      expect(await balanceOf(id)).toBe(0n);
      const rows = await read().ledger.listByUser(id, 100);
      expect(
        rows.slice(0, -1).every((row, index) => row.balanceBefore === rows[index + 1].balanceAfter),
      ).toBe(true);
    });

    it('an unknown user has no account', async () => {
      await expect(debit(uuid(), 1n)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect(await read().ledger.sumOfDeltas(uuid())).toBe(0n);
    });
  });

  describe('prices', () => {
    const harness = useHarness(open);
    const prices = () => harness().unitOfWork.read.prices;

    it('are those of the price list', async () => {
      expect(await prices().current('infernode')).toEqual({
        preset: 'infernode',
        version: 1,
        prices: {
          'upload.image': 1_000n,
          'upload.video_frame': 1_000n,
          'upload.zip_file': 1_000n,
          'inference.image': 2_000n,
          'inference.video_frame': 2_000n,
        },
      });
      expect((await prices().version('inpainting', 1)).prices).toEqual({
        'upload.image': 650_000n,
        'upload.video_frame': 400_000n,
        'upload.zip_file': 700_000n,
        'inference.image': 2_750_000n,
        'inference.video_frame': 1_500_000n,
      });
    });

    it('of an unknown version or preset do not exist', async () => {
      await expect(prices().version('infernode', 99)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(prices().version('free', 1)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
  });
}
