import { z } from 'zod';
import type { Principal } from '../../../src/domain/user.js';
import type { JobControl } from '../../../src/queue/job-control.js';
import { AppError } from '../../../src/errors/app-error.js';
import { JobPlanner } from '../../../src/services/job-planner.js';
import { JobService } from '../../../src/services/job.service.js';
import type { TaskDefinition } from '../../../src/tasks/definition.js';
import { TaskRegistry } from '../../../src/tasks/registry.js';
import { InMemoryUnitOfWork } from '../../fakes/in-memory-unit-of-work.js';

interface Params {
  readonly frames: number;
  readonly crop: { readonly left: number };
}

const params = z.strictObject({
  frames: z.number().int().min(1).default(5),
  crop: z.strictObject({ left: z.number().min(0) }).default({ left: 0 }),
});

/** Bills every frame of every job; range `n` makes n jobs. */
const task: TaskDefinition<Params, { frames: number }> = {
  name: 'cns',
  pricePreset: 'infernode',
  params,
  plan: (_items, { frames }, range) =>
    Array.from({ length: range === 'all' ? 1 : Number(range) }, () => ({ input: { frames }, media: {} })),
  units: ({ input }) => ({ 'inference.video_frame': input.frames }),
  device: () => 'auto',
};

interface Rig {
  readonly unitOfWork: InMemoryUnitOfWork;
  readonly jobs: JobService;
  readonly announced: string[];
  readonly owner: Principal;
  readonly stranger: Principal;
  readonly admin: Principal;
  readonly datasetId: string;
}

async function rig(balance = 1_000_000n, diskFull = false): Promise<Rig> {
  const unitOfWork = new InMemoryUnitOfWork();
  const announced: string[] = [];
  const control: JobControl = { announceCancel: async (id) => void announced.push(id) };
  const principal = async (name: string, role: 'user' | 'admin'): Promise<Principal> => {
    const email = `${name}@example.com`;
    const { id } = await unitOfWork.read.users.create({ email, passwordHash: 'x', role });
    return { userId: id, email, role };
  };
  const owner = await principal('owner', 'user');
  await unitOfWork.read.ledger.append({
    userId: owner.userId,
    kind: 'grant',
    amount: balance,
    delta: balance,
    description: 'Start',
  });
  const dataset = await unitOfWork.read.datasets.create({ userId: owner.userId, name: 'clips', tags: [] });
  return {
    unitOfWork,
    announced,
    owner,
    stranger: await principal('stranger', 'user'),
    admin: await principal('admin', 'admin'),
    datasetId: dataset.id,
    jobs: new JobService(
      { unitOfWork, planner: new JobPlanner(new TaskRegistry([task])), control },
      {
        requireSpace: async () => {
          if (diskFull) throw new AppError('STORAGE_FULL', { message: 'Full.' });
        },
        maxWaitingPerUser: 5,
      },
    ),
  };
}

const request = ({ owner, datasetId }: Rig, more: object = {}) => ({
  principal: owner,
  datasetId,
  task: 'cns' as const,
  parameters: {},
  ...more,
});

describe('job service', () => {
  it('a dry run quotes what the creation then holds, and does nothing', async () => {
    const world = await rig();

    const dry = await world.jobs.create({ ...request(world, { range: '3' }), dryRun: true });
    const afterDry = (await world.jobs.list({ principal: world.owner }, { limit: 10 })).rows.length;
    const real = await world.jobs.create(request(world, { range: '3' }));

    // 3 jobs x 5 frames x 0.002 credits.
    expect(dry).toMatchObject({ jobs: [], quote: { total: 30_000n } });
    expect(afterDry).toBe(0);
    expect(real.quote).toEqual(dry.quote);
    expect(real.jobs.map(({ held }) => held)).toEqual([10_000n, 10_000n, 10_000n]);
  });

  it('with a full disk a job is refused and costs nothing; its price is still told', async () => {
    const world = await rig(1_000_000n, true);

    await expect(world.jobs.create(request(world))).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    const { quote } = await world.jobs.estimate(request(world));

    expect((await world.unitOfWork.read.users.findById(world.owner.userId))?.balance).toBe(1_000_000n);
    expect(quote.total).toBe(10_000n);
  });

  it('every wrong parameter is named at once, by a pointer into the request', async () => {
    const world = await rig();

    const creation = world.jobs.create(
      request(world, { parameters: { frames: 0, crop: { left: -1 }, fast: true } }),
    );

    const error: unknown = await creation.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'VALIDATION', kind: 'malformed' });
    const pointers = (error as { issues: { pointer: string }[] }).issues.map(({ pointer }) => pointer);
    expect(pointers.toSorted()).toEqual(['/parameters/crop/left', '/parameters/fast', '/parameters/frames']);
  });

  it('a request that makes no job is refused', async () => {
    const world = await rig();

    await expect(world.jobs.create(request(world, { range: '0' }))).rejects.toMatchObject({
      code: 'NOTHING_TO_DO',
    });
  });

  it('credits short of a batch: the error tells all that is missing, and nothing was done', async () => {
    const world = await rig(25_000n);

    const creation = world.jobs.create(request(world, { range: '3' }));

    await expect(creation).rejects.toMatchObject({
      code: 'INSUFFICIENT_CREDITS',
      details: { required: 0.03, balance: 0.025, missing: 0.005 },
    });
    expect((await world.jobs.list({ principal: world.owner }, { limit: 10 })).rows).toEqual([]);
    expect(world.unitOfWork.store.messages.size).toBe(0);
    expect((await world.unitOfWork.read.users.findById(world.owner.userId))?.balance).toBe(25_000n);
  });

  it("another user's dataset and job do not exist, whatever is tried", async () => {
    const world = await rig();
    const { jobs, stranger } = world;
    const { id } = (await jobs.create(request(world))).jobs[0];
    const viewer = { principal: stranger, anyOwner: true };

    const attempts = [
      jobs.create(request(world, { principal: stranger })),
      jobs.estimate(request(world, { principal: stranger })),
      jobs.get(id, viewer),
      jobs.events(id, viewer, 0),
      jobs.cancel(id, viewer),
      jobs.retry(id, viewer),
    ];

    for (const attempt of attempts) await expect(attempt).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await jobs.list(viewer, { limit: 10 })).rows).toEqual([]);
  });

  it('an admin sees all jobs on admin routes and only own ones elsewhere', async () => {
    const world = await rig();
    const { jobs, admin } = world;
    const { id } = (await jobs.create(request(world))).jobs[0];

    expect((await jobs.get(id, { principal: admin, anyOwner: true })).id).toBe(id);
    expect((await jobs.list({ principal: admin, anyOwner: true }, { limit: 10 })).rows).toHaveLength(1);
    await expect(jobs.get(id, { principal: admin })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await jobs.list({ principal: admin }, { limit: 10 })).rows).toEqual([]);
  });

  it('cancel gives the hold back and tells the workers, once', async () => {
    const world = await rig();
    const { id } = (await world.jobs.create(request(world))).jobs[0];

    const [first, second] = [
      await world.jobs.cancel(id, { principal: world.owner }),
      await world.jobs.cancel(id, { principal: world.owner }),
    ];

    expect([first.status, second.status]).toEqual(['ABORTED', 'ABORTED']);
    expect(world.announced).toEqual([id]);
    expect((await world.unitOfWork.read.users.findById(world.owner.userId))?.balance).toBe(1_000_000n);
  });

  it('a job that ended otherwise cannot be cancelled, and a living one cannot be repeated', async () => {
    const world = await rig();
    const viewer = { principal: world.owner };
    const { id } = (await world.jobs.create(request(world))).jobs[0];

    await expect(world.jobs.retry(id, viewer)).rejects.toMatchObject({
      code: 'JOB_NOT_RETRYABLE',
      kind: 'conflict',
    });
    await world.unitOfWork.read.jobs.finish(id, 'FAILED', { code: 'X', message: 'x' });

    await expect(world.jobs.cancel(id, viewer)).rejects.toMatchObject({
      code: 'JOB_FINISHED',
      kind: 'conflict',
    });
  });

  it('a receipt is written in the transaction that makes the jobs', async () => {
    const world = await rig();
    const seen: number[] = [];

    const creation = world.jobs.create({
      ...request(world, { range: '2' }),
      kept: {
        record: async (scope, { jobs }) => {
          seen.push((await scope.jobs.list({ limit: 10 })).rows.length, jobs.length);
          throw new Error('another request was faster');
        },
      },
    });

    await expect(creation).rejects.toThrow('another request was faster');
    expect(seen).toEqual([2, 2]);
    expect((await world.jobs.list({ principal: world.owner }, { limit: 10 })).rows).toEqual([]);
  });

  it('only a waiting job has a place in the queue', async () => {
    const world = await rig();
    const { jobs } = await world.jobs.create(request(world, { range: '2' }));
    await world.jobs.cancel(jobs[1].id, { principal: world.owner });

    expect(await world.jobs.queuePosition(jobs[0])).toBe(0);
    expect(
      await world.jobs.queuePosition(await world.jobs.get(jobs[1].id, { principal: world.owner })),
    ).toBeNull();
  });
});
