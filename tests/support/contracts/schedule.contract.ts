import { v7 as uuid } from 'uuid';
import type { Job } from '../../../src/domain/job.js';
import {
  newJob,
  newLease,
  newOutcome,
  openAccount,
  openDataset,
  useHarness,
  type OpenPersistence,
} from './harness.js';

/** What every {@link ScheduleRepository} keeps to about the jobs of one user. */
export function describeScheduleRepository(open: OpenPersistence): void {
  describe('the order of the jobs of one user', () => {
    const harness = useHarness(open);
    const schedule = () => harness().unitOfWork.read.schedule;

    async function openJobs(priorities: readonly number[], task = 'cns'): Promise<readonly Job[]> {
      const dataset = await openDataset(harness(), (await openAccount(harness())).id);
      const created: Job[] = [];
      for (const priority of priorities) {
        const given = [newJob(dataset, { priority, task })];
        created.push(...(await harness().unitOfWork.run((scope) => scope.jobs.create(given))));
      }
      return created;
    }

    /** Starts and completes the next job. */
    async function startNext(runningJobs = 0): Promise<string | null> {
      return harness().unitOfWork.run(async (scope) => {
        const next = await scope.schedule.next(runningJobs);
        if (!next) return null;
        const lease = newLease();
        await scope.jobs.claimForRun(next.id, lease);
        await scope.jobs.complete(next.id, lease.fence, newOutcome());
        return next.id;
      });
    }

    it('is priority, then age; positions tell it before', async () => {
      const jobs = await openJobs([0, -1, 10, 0]);
      const positions = await Promise.all(jobs.map(({ id }) => schedule().position(id)));

      const started = [await startNext(), await startNext(), await startNext(), await startNext()];

      expect(positions).toEqual([1, 3, 0, 2]);
      expect(started).toEqual([2, 0, 3, 1].map((index) => jobs[index].id));
      expect(await startNext()).toBeNull();
    });

    it('changes with the priority of a waiting job, and a promoted job is the first', async () => {
      const [first, second, third] = await openJobs([0, 0, 0]);
      expect(await schedule().setPriority(second.id, 5)).toBe(true);
      expect(await schedule().promote(third.id)).toBe(true);

      expect(await schedule().position(first.id)).toBe(2);
      expect([await startNext(), await startNext(), await startNext()]).toEqual([
        third.id,
        second.id,
        first.id,
      ]);
      expect(await schedule().promote(first.id)).toBe(false);
      expect(await schedule().setPriority(uuid(), 1)).toBe(false);
    });

    it('leaves out jobs of a paused task until it is resumed', async () => {
      const [held] = await openJobs([0], 'inpainting');
      const [free] = await openJobs([0]);
      await schedule().pause({ task: 'inpainting', acceptsJobs: false, reason: 'new weights' });

      expect(await schedule().pausedTasks()).toMatchObject([
        { task: 'inpainting', acceptsJobs: false, reason: 'new weights', pausedAt: expect.any(Date) },
      ]);
      expect(await schedule().counts()).toEqual(
        expect.arrayContaining([{ task: 'inpainting', waiting: 1, running: 0 }]),
      );
      expect([await startNext(), await startNext()]).toEqual([free.id, null]);
      await harness().unitOfWork.run((scope) => scope.schedule.resume('inpainting'));
      expect(await startNext()).toBe(held.id);
    });

    it('prefers a job whose worker was lost', async () => {
      const [lost, waiting] = await openJobs([0, 10]);
      await harness().unitOfWork.read.jobs.claimForRun(lost.id, newLease('expired'));

      expect([await startNext(), await startNext()]).toEqual([lost.id, waiting.id]);
    });
  });
}
