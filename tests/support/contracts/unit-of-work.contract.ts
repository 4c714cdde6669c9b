import { v7 as uuid } from 'uuid';
import { newJob, openAccount, openDataset, useHarness, type OpenPersistence } from './harness.js';

/** What every {@link UnitOfWork} keeps to. */
export function describeUnitOfWork(open: OpenPersistence): void {
  describe('unit of work', () => {
    const harness = useHarness(open);
    const messageFor = (jobId: string) =>
      ({ name: 'inference.run', payload: { jobId }, dedupeId: jobId }) as const;
    const messageIds = async () => (await harness().messages()).map(({ dedupeId }) => dedupeId);

    it('commits rows and messages together and returns the value', async () => {
      const dataset = await openDataset(harness(), (await openAccount(harness())).id);
      const given = newJob(dataset);
      const value = await harness().unitOfWork.run(async ({ jobs, enqueue }) => {
        const [job] = await jobs.create([given]);
        await enqueue(messageFor(job.id));
        await enqueue(messageFor(job.id));
        return job.id;
      });
      expect(value).toBe(given.id);
      expect((await harness().messages()).filter(({ dedupeId }) => dedupeId === value)).toEqual([
        messageFor(value),
      ]);
    });

    it('rolls everything back when the work fails, whatever it did before', async () => {
      const user = await openAccount(harness(), 10);
      const dataset = await openDataset(harness(), user.id);
      const given = newJob(dataset);
      const effects: string[] = [];
      const failing = harness().unitOfWork.run(async ({ jobs, ledger, users, enqueue, afterCommit }) => {
        afterCommit(() => void effects.push('ran'));
        await users.create({ email: 'ghost@example.com', passwordHash: 'hash', role: 'user' });
        await jobs.create([given]);
        await enqueue(messageFor(given.id));
        await ledger.append({ userId: user.id, kind: 'upload', amount: 1n, delta: -1n, description: 'x' });
        throw new Error('changed my mind');
      });
      await expect(failing).rejects.toThrow('changed my mind');
      const { users, jobs, ledger } = harness().unitOfWork.read;
      expect(await users.findByEmail('ghost@example.com')).toBeNull();
      expect(await jobs.findById(given.id)).toBeNull();
      expect(await ledger.sumOfDeltas(user.id)).toBe(10_000_000n);
      expect((await users.findById(user.id))?.balance).toBe(10_000_000n);
      expect(await messageIds()).not.toContain(given.id);
      expect(effects).toEqual([]);
    });

    it('runs effects after the commit, in their order, and survives a failing one', async () => {
      const seen: string[] = [];
      const email = `${uuid()}@example.com`;
      await harness().unitOfWork.run(async ({ users, afterCommit }) => {
        afterCommit(async () => {
          const user = await harness().unitOfWork.read.users.findByEmail(email);
          seen.push(user ? 'committed' : 'missing');
        });
        afterCommit(() => {
          throw new Error('nobody listens');
        });
        afterCommit(() => void seen.push('last'));
        await users.create({ email, passwordHash: 'hash', role: 'user' });
        expect(seen).toEqual([]);
      });
      expect(seen).toEqual(['committed', 'last']);
    });
  });
}
