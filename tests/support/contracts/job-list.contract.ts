import { v7 as uuid } from 'uuid';
import type { Job } from '../../../src/domain/job.js';
import type { JobFilter } from '../../../src/domain/repositories/job.repository.js';
import {
  newJob,
  newLease,
  openAccount,
  openDataset,
  openJob,
  useHarness,
  type OpenPersistence,
} from './harness.js';

/** What every {@link JobRepository} keeps to about many jobs: lists, pages, stale ones, the queue's order. */
export function describeJobLists(open: OpenPersistence): void {
  describe('job lists', () => {
    const harness = useHarness(open);
    const jobs = () => harness().unitOfWork.read.jobs;
    const ids = (rows: readonly Job[]) => rows.map(({ id }) => id);
    const openJobs = async (count: number) => {
      const dataset = await openDataset(harness(), (await openAccount(harness())).id);
      const given = Array.from({ length: count }, () => newJob(dataset));
      return harness().unitOfWork.run((scope) => scope.jobs.create(given));
    };
    const allPages = async (filter: JobFilter) => {
      const pages: string[][] = [];
      let cursor: string | undefined;
      do {
        const page = await jobs().list({ ...filter, cursor });
        pages.push(ids(page.rows));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      return pages;
    };

    it('come newest first, each row on exactly one page, also when all have the same age', async () => {
      const older = await openJobs(7);
      const { userId } = older[0];
      const pages = await allPages({ userId, limit: 3 });
      expect(pages.map(({ length }) => length)).toEqual([3, 3, 1]);
      expect(pages.flat()).toEqual(ids(older).reverse());
      expect(await allPages({ userId, limit: 7 })).toHaveLength(1);
    });

    it('keep their pages when newer rows arrive meanwhile', async () => {
      const [first, ...rest] = await openJobs(4);
      const { userId } = first;
      const datasetId = String(first.datasetId);
      const page = await jobs().list({ userId, limit: 2 });
      await harness().unitOfWork.run((scope) => scope.jobs.create([newJob({ id: datasetId, userId })]));
      const next = await jobs().list({ userId, limit: 2, cursor: page.nextCursor ?? '' });
      expect(ids([...page.rows, ...next.rows])).toEqual(ids([first, ...rest]).reverse());
    });

    it('are filtered by status, task, dataset, batch and age', async () => {
      const [first, second] = await openJobs(2);
      const { userId } = first;
      const datasetId = String(first.datasetId);
      await jobs().finish(first.id, 'ABORTED', null);
      const [other] = await harness().unitOfWork.run((scope) =>
        scope.jobs.create([newJob({ id: datasetId, userId }, { task: 'inpainting' })]),
      );
      const list = async (filter: Partial<JobFilter>) =>
        ids((await jobs().list({ userId, limit: 10, ...filter })).rows);
      expect(await list({ status: ['ABORTED', 'FAILED'] })).toEqual([first.id]);
      expect(await list({ status: [] })).toEqual([other.id, second.id, first.id]);
      expect(await list({ task: 'inpainting' })).toEqual([other.id]);
      expect(await list({ datasetId })).toHaveLength(3);
      expect(await list({ datasetId: uuid() })).toEqual([]);
      expect(await list({ batchId: second.batchId })).toEqual([second.id]);
      expect(await list({ createdBefore: first.createdAt })).toEqual([]);
      expect(await list({ createdAfter: new Date(first.createdAt.getTime() - 1) })).toHaveLength(3);
      expect(await list({ userId: uuid() })).toEqual([]);
    });

    it.each([
      '',
      'x',
      'bm9uc2Vuc2U',
      Buffer.from(`2026-13-99T00:00:00.000Z ${uuid()}`).toString('base64url'),
    ])('refuse the cursor %j', async (cursor) => {
      await expect(jobs().list({ limit: 1, cursor })).rejects.toMatchObject({
        code: 'VALIDATION',
        issues: [{ code: 'INVALID_CURSOR' }],
      });
    });

    it('know the jobs that nobody works on', async () => {
      const waiting = await openJob(harness());
      const held = await openJob(harness());
      const abandoned = await openJob(harness());
      const finished = await openJob(harness());
      await jobs().claimForRun(held.id, newLease('held'));
      await jobs().claimForRun(abandoned.id, newLease('expired'));
      await jobs().finish(finished.id, 'ABORTED', null);
      const own = new Set([waiting.id, held.id, abandoned.id, finished.id]);
      const stale = async (before: Date) =>
        ids(await jobs().findStale(before, 0)).filter((id) => own.has(id));
      expect(await stale(new Date(Date.now() + 60_000))).toEqual([waiting.id, abandoned.id]);
      expect(await stale(new Date(Date.now() - 60_000))).toEqual([abandoned.id]);
    });
  });
}
