import { v7 as uuid } from 'uuid';
import { ReconcilerService } from '../../../src/services/reconciler.service.js';
import { JobRecorder, type ClaimedJob } from '../../../src/services/job-recorder.service.js';
import { AppError } from '../../../src/errors/app-error.js';
import type { TaskResult } from '../../../src/tasks/definition.js';
import { silentLogger } from '../../../src/logging/logger.js';
import { expectMoney, FRAME_PRICE, openJobWorld, START_BALANCE, type JobWorld } from './job-world.js';

const LEASE_MS = 60_000;
const EXPIRED_LEASE_MS = -1_000;

let world: JobWorld;

describe('invariants', () => {
  beforeAll(async () => {
    world = await openJobWorld();
  });

  afterAll(() => world.close());

  const result: TaskResult = {
    json: { answer: 42 },
    zipPath: '/nowhere',
    units: { 'inference.video_frame': 10 },
    device: { requested: 'cpu', used: 'cpu', reason: 'asked for', attempts: [] },
    timings: {},
    energy: { joules: 0, carbonGrams: 0, method: 'estimate', figures: {} },
    network: null,
  };

  async function* zip(): AsyncGenerator<Buffer> {
    yield Buffer.from('zip');
  }

  const recorder = (leaseMs = LEASE_MS) => new JobRecorder(world.persistence.unitOfWork, { leaseMs });

  async function claim(jobId: string, leaseMs = LEASE_MS): Promise<ClaimedJob> {
    const fence = uuid();
    const expiresAt = new Date(Date.now() + leaseMs);
    const job = await world.persistence.unitOfWork.read.jobs.claimForRun(jobId, { fence, expiresAt });
    if (!job) throw new Error('Nothing to claim.');
    return { job, fence };
  }

  const finalError = new AppError('FRAMES_MISSING', { message: 'No.' });

  /** A round as it would come `seconds` from now. */
  function reconcile(seconds = 60): Promise<unknown> {
    const { unitOfWork } = world.persistence;
    const service = new ReconcilerService({ unitOfWork, queue: world.queue, runningJobs: 0 }, silentLogger);
    return service.runOnce(new Date(Date.now() + seconds * 1000));
  }

  /** Removes messages of jobs that do not wait, as a worker would by taking them. */
  async function takeSpentMessages(): Promise<void> {
    await world.pool.query(
      `DELETE FROM bullmq.job WHERE id NOT IN (SELECT id::text FROM inference_jobs WHERE status = 'PENDING')`,
    );
  }

  async function messages(): Promise<readonly string[]> {
    const { rows } = await world.pool.query<{ id: string }>('SELECT id FROM bullmq.job ORDER BY seq');
    return rows.map(({ id }) => id);
  }

  it('a transaction that rolls back leaves no job, no hold and no queue message', async () => {
    const before = { balance: await world.balance(), messages: await messages() };
    const { principal, datasetId, folder } = world;

    const creation = world.jobs.create({
      principal,
      datasetId,
      task: 'cns',
      parameters: { frames: 10, folder },
      range: '0-2',
      kept: {
        record: async (_scope, { jobs }) => {
          throw new Error(`stop after ${jobs.length} jobs`);
        },
      },
    });

    await expect(creation).rejects.toThrow('stop after 3 jobs');
    const page = await world.jobs.list({ principal }, { limit: 10 });
    expect(page.rows).toEqual([]);
    expect({ balance: await world.balance(), messages: await messages() }).toEqual(before);
  });

  it('a batch makes a hold and a queue message for each job, and the quote is what is held', async () => {
    const { principal, datasetId, folder } = world;
    const parameters = { frames: 10, folder };
    const before = await world.balance();

    const { quote } = await world.jobs.estimate({
      principal,
      datasetId,
      task: 'cns',
      parameters,
      range: '0-2',
    });
    const { jobs } = await world.jobs.create({ principal, datasetId, task: 'cns', parameters, range: '0-2' });

    expect(jobs.map(({ held }) => held)).toEqual([1, 1, 1].map(() => 10n * FRAME_PRICE));
    expect(before - (await world.balance())).toBe(quote.total);
    expect(await messages()).toEqual(jobs.map(({ id }) => id));
    expect(new Set(jobs.map(({ batchId }) => batchId)).size).toBe(1);
  });

  it('a start that lost its fence can neither record, renew, fail nor give back', async () => {
    const { id } = await world.create({});
    const old = await claim(id, EXPIRED_LEASE_MS);
    const current = await claim(id);

    expect(await recorder().complete(old, result, zip)).toBe(false);
    expect(await recorder().renew(old)).toBe(false);
    expect(await recorder().progress(old, { done: 1, total: 2, percent: 50, stage: 'infer' })).toBe(false);
    expect(await recorder().recordFailure(old, finalError)).toBe('fence-lost');
    expect(await recorder().requeue(old)).toBe(false);
    expect(await world.persistence.unitOfWork.read.results.find(id)).toBeNull();
    expect(await recorder().complete(current, result, zip)).toBe(true);

    await expectMoney(world, id, [
      ['hold', 10n * FRAME_PRICE],
      ['capture', 10n * FRAME_PRICE],
    ]);
  });

  it('a running job with a living lease cannot be claimed a second time', async () => {
    const { id } = await world.create({});
    await claim(id);

    await expect(claim(id)).rejects.toThrow('Nothing to claim.');
  });

  it('cancel, failure, completion and reconciler at the same moment: one end, one settlement', async () => {
    const { id: first } = await world.create({});
    const rounds = await Promise.all(
      Array.from({ length: 12 }, async () => claim((await world.create({})).id, EXPIRED_LEASE_MS)),
    );
    for (const started of rounds) {
      const { id } = started.job;
      await Promise.allSettled([
        recorder().complete(started, result, zip),
        world.jobs.cancel(id, { principal: world.principal }),
        recorder().recordFailure(started, finalError),
        recorder().recordFailure(started, finalError),
        world.jobs.cancel(id, { principal: world.principal }),
      ]);
      const job = await world.read(id);
      const end = job.status === 'COMPLETED' ? 'capture' : 'release';
      expect(['COMPLETED', 'FAILED', 'ABORTED']).toContain(job.status);
      await expectMoney(world, id, [
        ['hold', 10n * FRAME_PRICE],
        [end, 10n * FRAME_PRICE],
      ]);
      const stored = await world.persistence.unitOfWork.read.results.find(id);
      expect(stored === null).toBe(job.status !== 'COMPLETED');
    }
    expect((await world.read(first)).status).toBe('PENDING');
  });

  it('a job that no queue knows is enqueued again, a known one is left alone', async () => {
    const { id: lost } = await world.create({});
    const { id: known } = await world.create({});
    await takeSpentMessages();
    await world.pool.query('DELETE FROM bullmq.job WHERE id = $1', [lost]);
    const before = await messages();

    await reconcile();

    const after = await messages();
    expect(before).not.toContain(lost);
    expect(after.filter((id) => id === lost)).toHaveLength(1);
    expect(after.filter((id) => id.startsWith(known))).toHaveLength(1);
  });

  it('a queue message that was worked off and kept for the board does not swallow a new one', async () => {
    const { id } = await world.create({});
    await takeSpentMessages();
    await world.pool.query(`UPDATE bullmq.job SET state = 'completed', finished_at_ms = 1 WHERE id = $1`, [
      id,
    ]);
    expect(await world.queue.knows(id)).toBe(false);

    await reconcile();

    expect(await world.queue.knows(id)).toBe(true);
  });

  it('a start whose worker is lost gets a queue message of its own, although the old one is still locked', async () => {
    const { id } = await world.create({});
    await takeSpentMessages();
    await claim(id, EXPIRED_LEASE_MS);
    await world.pool.query(`UPDATE bullmq.job SET state = 'active' WHERE id = $1`, [id]);

    await reconcile();
    await reconcile();

    expect((await messages()).filter((message) => message.startsWith(id))).toEqual([id, `${id}-1`]);
  });

  it('a job whose last start was lost is failed and refunded once, by however many reconcilers', async () => {
    const { id } = await world.create({});
    for (let start = 1; start <= 3; start += 1) await claim(id, EXPIRED_LEASE_MS);

    await Promise.all([reconcile(), reconcile(), reconcile()]);

    expect(await world.read(id)).toMatchObject({ status: 'FAILED', failure: { code: 'WORKER_LOST' } });
    await expectMoney(world, id, [
      ['hold', 10n * FRAME_PRICE],
      ['release', 10n * FRAME_PRICE],
    ]);
  });

  it('a failed job can be started again as a new one with a hold of its own', async () => {
    const { id } = await world.create({});
    await recorder().recordFailure(await claim(id), finalError);

    const copy = await world.jobs.retry(id, { principal: world.principal });

    const original = await world.read(id);
    expect(copy).toMatchObject({ retryOf: id, status: 'PENDING', held: original.held, plan: original.plan });
    expect(await world.queue.knows(copy.id)).toBe(true);
    await expectMoney(world, copy.id, [['hold', 10n * FRAME_PRICE]]);
  });

  it('with credits for four jobs, thirty requests at once make exactly four', async () => {
    const { principal, datasetId, folder } = world;
    const balance = await world.balance();
    const frames = Number(balance / (4n * FRAME_PRICE));
    const before = (await messages()).length;

    const answers = await Promise.allSettled(
      Array.from({ length: 30 }, () =>
        world.jobs.create({ principal, datasetId, task: 'cns', parameters: { frames, folder } }),
      ),
    );

    const refused = answers.filter((answer) => answer.status === 'rejected');
    expect(answers.length - refused.length).toBe(4);
    expect(new Set(refused.map(({ reason }) => (reason as AppError).code))).toEqual(
      new Set(['INSUFFICIENT_CREDITS']),
    );
    expect((await messages()).length - before).toBe(4);
    expect(balance).toBeLessThan(START_BALANCE);
    expect(await world.balance()).toBeGreaterThanOrEqual(0n);
  });
});
