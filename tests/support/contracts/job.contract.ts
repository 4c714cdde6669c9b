import { v7 as uuid } from 'uuid';
import { MAX_ATTEMPTS, type Job } from '../../../src/domain/job.js';
import {
  newJob,
  newLease,
  newOutcome,
  openAccount,
  openDataset,
  openJob,
  useHarness,
  type OpenPersistence,
} from './harness.js';

/** What every {@link JobRepository} keeps to about single jobs: claims, fences, terminal statuses. */
export function describeJobRepository(open: OpenPersistence): void {
  describe('jobs', () => {
    const harness = useHarness(open);
    const jobs = () => harness().unitOfWork.read.jobs;
    const claim = async (job: Job, state: 'held' | 'expired' = 'held') => {
      const lease = newLease(state);
      return (await jobs().claimForRun(job.id, lease)) && lease.fence;
    };

    it('start PENDING with all that was given', async () => {
      const dataset = await openDataset(harness(), (await openAccount(harness())).id);
      const given = newJob(dataset, {
        params: { z: 1, a: { nested: [null, 'ü€😀'] } },
        deviceRequested: 'cuda',
      });
      const [job] = await harness().unitOfWork.run((scope) => scope.jobs.create([given]));
      expect(job).toMatchObject({ ...given, status: 'PENDING', attempt: 0, seq: 0, captured: 0n });
      expect(job).toMatchObject({ fence: null, failure: null, startedAt: null, finishedAt: null });
      expect(Object.keys(job.params)).toEqual(['z', 'a']);
      expect(await jobs().findById(job.id)).toEqual(job);
      expect(await jobs().requireOwned(job.id, job.userId)).toEqual(job);
      await expect(jobs().requireOwned(job.id, uuid())).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect(await jobs().findById(uuid())).toBeNull();
    });

    it('are claimed by one of many workers', async () => {
      const job = await openJob(harness());
      const fences = await Promise.all(Array.from({ length: 12 }, () => claim(job)));
      const winners = fences.filter((fence) => fence !== null);
      expect(winners).toHaveLength(1);
      expect(await jobs().findById(job.id)).toMatchObject({
        status: 'RUNNING',
        attempt: 1,
        fence: winners[0],
        startedAt: expect.any(Date),
      });
    });

    it('whose lease ran out are claimed again, and the old fence is worth nothing', async () => {
      const job = await openJob(harness());
      const old = (await claim(job, 'expired')) ?? '';
      const progress = { done: 1, total: 9, percent: 11, stage: 'infer' };
      expect(await jobs().setProgress(job.id, old, progress)).toBe(true);
      const fence = await claim(job);
      const claimed = await jobs().findById(job.id);
      expect(claimed).toMatchObject({ attempt: 2, fence, progress: null });
      expect(await jobs().renewLease(job.id, old, new Date())).toBe(false);
      expect(await jobs().setProgress(job.id, old, progress)).toBe(false);
      expect(await jobs().requeue(job.id, old)).toBe(false);
      expect(await jobs().complete(job.id, old, newOutcome())).toBeNull();
      expect(await jobs().findById(job.id)).toEqual(claimed);
    });

    it('keep their lease as long as it is renewed', async () => {
      const job = await openJob(harness());
      const fence = (await claim(job, 'expired')) ?? '';
      expect(await jobs().renewLease(job.id, fence, newLease().expiresAt)).toBe(true);
      expect(await claim(job)).toBeNull();
    });

    it('are not claimed once their attempts are used up', async () => {
      const job = await openJob(harness());
      for (let start = 0; start < MAX_ATTEMPTS; start += 1)
        expect(await claim(job, 'expired')).not.toBeNull();
      expect(await claim(job)).toBeNull();
    });

    it('requeued are claimed again; an orderly shutdown does not count', async () => {
      const job = await openJob(harness());
      const first = (await claim(job)) ?? '';
      const { startedAt } = (await jobs().findById(job.id)) ?? {};
      expect(await jobs().requeue(job.id, first, { uncounted: true })).toBe(true);
      expect(await jobs().findById(job.id)).toMatchObject({ status: 'PENDING', attempt: 0, fence: null });
      const second = (await claim(job)) ?? '';
      expect(await jobs().requeue(job.id, second)).toBe(true);
      expect(await jobs().findById(job.id)).toMatchObject({ status: 'PENDING', attempt: 1, startedAt });
      expect(await jobs().requeue(job.id, second)).toBe(false);
    });

    it('are completed once, with what the engine reported', async () => {
      const job = await openJob(harness());
      const fence = (await claim(job)) ?? '';
      const outcome = newOutcome({ captured: 90_000n });
      const both = await Promise.all([1, 2].map(() => jobs().complete(job.id, fence, outcome)));
      expect(both.filter((job) => job !== null)).toHaveLength(1);
      expect(await jobs().findById(job.id)).toMatchObject({
        ...outcome,
        status: 'COMPLETED',
        fence: null,
        leaseExpiresAt: null,
        finishedAt: expect.any(Date),
      });
    });

    it.each(['FAILED', 'ABORTED'] as const)('that are %s stay so', async (status) => {
      const job = await openJob(harness());
      const fence = (await claim(job)) ?? '';
      const failure = status === 'FAILED' ? { code: 'TIMEOUT', message: 'took too long' } : null;
      expect(await jobs().finish(job.id, status, failure)).toBe(true);
      const finished = await jobs().findById(job.id);
      expect(finished).toMatchObject({ status, failure, fence: null, finishedAt: expect.any(Date) });
      expect(await jobs().finish(job.id, 'FAILED', { code: 'OTHER', message: 'late' })).toBe(false);
      expect(await jobs().complete(job.id, fence, newOutcome())).toBeNull();
      expect(await claim(job)).toBeNull();
      expect(await jobs().findById(job.id)).toEqual(finished);
    });

    it('that never started can be finished too', async () => {
      const job = await openJob(harness());
      expect(await jobs().finish(job.id, 'ABORTED', null)).toBe(true);
      expect(await jobs().finish(uuid(), 'ABORTED', null)).toBe(false);
    });

    it('can be locked inside a transaction', async () => {
      const job = await openJob(harness());
      await harness().unitOfWork.run(async (scope) => {
        expect(await scope.jobs.lock(job.id)).toEqual(job);
        expect(await scope.jobs.lock(uuid())).toBeNull();
      });
    });
  });

  describe('job events', () => {
    const harness = useHarness(open);
    const jobs = () => harness().unitOfWork.read.jobs;
    const append = (id: string, done: number) =>
      harness().unitOfWork.run((scope) =>
        scope.jobs.appendEvent(id, 'progress', { done, total: 10, percent: done * 10, stage: 'infer' }),
      );

    it('are numbered from 1 without gaps, also when many are added at once', async () => {
      const { id, userId } = await openJob(harness());
      await Promise.all(Array.from({ length: 10 }, (_, done) => append(id, done)));
      const events = await jobs().eventsAfter(id, 0);
      expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect(events[0]).toMatchObject({ jobId: id, userId, type: 'progress' });
      expect(await jobs().eventsAfter(id, 8)).toEqual(events.slice(8));
      expect(await jobs().findById(id)).toMatchObject({ seq: 10 });
    });

    it('that are rolled back leave no gap', async () => {
      const { id } = await openJob(harness());
      const failing = harness().unitOfWork.run(async (scope) => {
        await scope.jobs.appendEvent(id, 'status', { status: 'RUNNING', attempt: 1 });
        throw new Error('roll back');
      });
      await expect(failing).rejects.toThrow('roll back');
      expect(await append(id, 1)).toMatchObject({ seq: 1, payload: { done: 1, stage: 'infer' } });
    });

    it('can follow the end of a job, and need a job', async () => {
      const { id } = await openJob(harness());
      await jobs().finish(id, 'ABORTED', null);
      expect(await append(id, 1)).toMatchObject({ seq: 1 });
      await expect(append(uuid(), 1)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
  });
}
