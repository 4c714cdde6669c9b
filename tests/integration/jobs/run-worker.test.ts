import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { RESULT_CHUNK_BYTES } from '../../../src/domain/result.js';
import { ResultService } from '../../../src/services/result.service.js';
import {
  eventually,
  expectMoney,
  FRAME_PRICE,
  isAlive,
  openJobWorld,
  openSecondUser,
  reaches,
  type JobWorld,
} from './job-world.js';
import { endWorker, spawnWorker } from './spawn-worker.js';

let world: JobWorld;
let worker: ChildProcess;

describe('run worker', () => {
  beforeAll(async () => {
    world = await openJobWorld();
    worker = await spawnWorker(world);
  });

  afterAll(async () => {
    await endWorker(worker, 'SIGKILL');
    await world.close();
  });

  it('a job runs from creation to its recorded result, and only what was used is taken', async () => {
    const { id } = await world.create({ frames: 10, usedFrames: 7 });

    const job = await reaches(world, id, 'COMPLETED');

    expect(job).toMatchObject({ attempt: 1, captured: 7n * FRAME_PRICE, fence: null });
    await expectMoney(world, id, [
      ['hold', 10n * FRAME_PRICE],
      ['capture', 7n * FRAME_PRICE],
      ['release', 3n * FRAME_PRICE],
    ]);
    const results = new ResultService(world.persistence.unitOfWork);
    const finished = await results.find(id, { principal: world.principal });
    const chunks: Buffer[] = [];
    for await (const chunk of results.zip(finished)) chunks.push(chunk);
    expect(finished.result.json).toEqual({ jobId: id, frames: 10 });
    expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThanOrEqual(RESULT_CHUNK_BYTES);
    expect(Buffer.concat(chunks).equals(Buffer.alloc(2_500_000, 'z'))).toBe(true);
  });

  it('events tell the whole story in order, without gaps', async () => {
    const { id } = await world.create({ behaviour: 'wait' });
    await eventually('progress', async () => (await world.read(id)).progress);
    await world.letGo(id);
    await reaches(world, id, 'COMPLETED');

    const events = await world.jobs.events(id, { principal: world.principal }, 0);

    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(events.map(({ type, payload }) => ('status' in payload ? payload.status : type))).toEqual([
      'PENDING',
      'RUNNING',
      'progress',
      'progress',
      'COMPLETED',
    ]);
    const done = events.flatMap(({ payload }) => ('percent' in payload ? [payload] : []));
    expect(done.at(-1)).toEqual({ done: 10, total: 10, percent: 100, stage: 'done' });
    expect((await world.read(id)).progress).toEqual(done.at(-1));
  });

  it('an engine that is killed in mid-job costs a start, not the job', async () => {
    const { id } = await world.create({ behaviour: 'wait' });
    const [first] = await eventually('a start', async () => nonEmpty(await world.starts(id)));
    process.kill(first, 'SIGKILL');
    await eventually('a second start', async () => (await world.starts(id)).length === 2);
    await world.letGo(id);

    const job = await reaches(world, id, 'COMPLETED');

    expect(job.attempt).toBe(2);
    await expectMoney(world, id, [
      ['hold', 10n * FRAME_PRICE],
      ['capture', 10n * FRAME_PRICE],
    ]);
  });

  it('a final error ends the job at its first start and gives everything back', async () => {
    const { id } = await world.create({ behaviour: 'fail-final' });

    const job = await reaches(world, id, 'FAILED');

    expect(job).toMatchObject({
      attempt: 1,
      failure: { code: 'FRAMES_MISSING', message: 'The frames are of no use.' },
    });
    await expectMoney(world, id, [
      ['hold', 10n * FRAME_PRICE],
      ['release', 10n * FRAME_PRICE],
    ]);
  });

  it('an unknown error is tried three times, then the job fails without telling paths', async () => {
    const { id } = await world.create({ behaviour: 'fail-retryable' });

    const job = await reaches(world, id, 'FAILED');

    expect(await world.starts(id)).toHaveLength(3);
    expect(job.failure?.code).toBe('INTERNAL');
    expect(job.failure?.message).not.toContain(world.folder);
    await expectMoney(world, id, [
      ['hold', 10n * FRAME_PRICE],
      ['release', 10n * FRAME_PRICE],
    ]);
  });

  it('a job that kills its engine every time stops after three starts; others go on', async () => {
    const { id: poison } = await world.create({ behaviour: 'die' });
    const { id: healthy } = await world.create({});

    const [job] = await Promise.all([reaches(world, poison, 'FAILED'), reaches(world, healthy, 'COMPLETED')]);

    expect(job).toMatchObject({ attempt: 3, failure: { code: 'ENGINE_DIED' } });
    expect(await world.starts(poison)).toHaveLength(3);
    await expectMoney(world, poison, [
      ['hold', 10n * FRAME_PRICE],
      ['release', 10n * FRAME_PRICE],
    ]);
  });

  it.each(['wait', 'ignore-stop', 'block'] as const)(
    'cancel ends the computation of a job that would %s, and releases its hold once',
    async (behaviour) => {
      const { id } = await world.create({ behaviour });
      const [pid] = await eventually('a start', async () => nonEmpty(await world.starts(id)));
      const viewer = { principal: world.principal };

      const first = await world.jobs.cancel(id, viewer);
      const again = await world.jobs.cancel(id, viewer);

      expect([first.status, again.status]).toEqual(['ABORTED', 'ABORTED']);
      await eventually('the process is gone', async () => !isAlive(pid));
      await expectMoney(world, id, [
        ['hold', 10n * FRAME_PRICE],
        ['release', 10n * FRAME_PRICE],
      ]);
      expect(await world.starts(id)).toHaveLength(1);
    },
  );

  it('a user with many waiting jobs delays the job of another user by one at most', async () => {
    const { id: blocker } = await world.create({ behaviour: 'wait' });
    await eventually('the blocker runs', async () => nonEmpty(await world.starts(blocker)));
    const { folder } = world;
    const parameters = { frames: 1, folder, zipBytes: 10 };
    const many = await world.jobs.create({
      principal: world.principal,
      datasetId: world.datasetId,
      task: 'cns',
      parameters,
      range: '0-9',
    });
    const second = await openSecondUser(world);
    const { jobs: singles } = await world.jobs.create({ ...second, task: 'cns', parameters });
    const position = await world.jobs.queuePosition(singles[0]);
    await world.letGo(blocker);
    const single = await reaches(world, singles[0].id, 'COMPLETED');
    const all = await Promise.all(many.jobs.map(({ id }) => reaches(world, id, 'COMPLETED')));

    const earlier = all.filter(({ startedAt }) => Number(startedAt) < Number(single.startedAt));
    expect(earlier.length).toBeLessThanOrEqual(1);
    expect(position).toBe(earlier.length);
  });

  it('a job that was cancelled while it waited is never started', async () => {
    const { id: blocker } = await world.create({ behaviour: 'wait' });
    await eventually('a start', async () => nonEmpty(await world.starts(blocker)));
    const { id } = await world.create({});
    await world.jobs.cancel(id, { principal: world.principal });
    await world.letGo(blocker);
    await reaches(world, blocker, 'COMPLETED');
    const { id: next } = await world.create({});
    await reaches(world, next, 'COMPLETED');

    expect(await world.starts(id)).toEqual([]);
    expect((await world.read(id)).status).toBe('ABORTED');
  });

  it('a duplicate queue message does not make a run too many', async () => {
    const { id } = await world.create({ behaviour: 'wait' });
    await eventually('a start', async () => nonEmpty(await world.starts(id)));
    await world.persistence.unitOfWork.run(async ({ enqueue }) => {
      await enqueue({ name: 'inference.run', payload: { jobId: id }, dedupeId: `${id}-2` });
      await enqueue({ name: 'inference.run', payload: { jobId: id }, dedupeId: id });
    });
    await world.letGo(id);
    await reaches(world, id, 'COMPLETED');
    await eventually('all messages are worked off', async () => {
      const { waiting, active, delayed } = await world.queue.depth();
      return waiting + active + delayed === 0;
    });

    expect(await world.starts(id)).toHaveLength(1);
    await expectMoney(world, id, [
      ['hold', 10n * FRAME_PRICE],
      ['capture', 10n * FRAME_PRICE],
    ]);
  });

  it('nothing of a finished start stays on the disk', async () => {
    await eventually('no workspace is left', async () => {
      const folders = await readdir(path.join(world.folder, 'workspaces'));
      return folders.length === 0;
    });
  });
});

function nonEmpty<Item>(items: readonly Item[]): readonly Item[] | null {
  return items.length > 0 ? items : null;
}
