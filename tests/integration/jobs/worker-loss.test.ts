import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  eventually,
  expectMoney,
  FRAME_PRICE,
  isAlive,
  openJobWorld,
  reaches,
  type JobWorld,
} from './job-world.js';
import { endWorker, spawnWorker } from './spawn-worker.js';

let world: JobWorld;
let running: ChildProcess | undefined;

describe('worker loss', () => {
  beforeAll(async () => {
    world = await openJobWorld();
  });

  afterAll(async () => {
    if (running) await endWorker(running, 'SIGKILL');
    await world.close();
  });

  /** The worker that the test before has left, or a new one: at most one runs at a time. */
  async function startWorker(): Promise<ChildProcess> {
    const alive = running?.exitCode === null && running.signalCode === null ? running : undefined;
    running = alive ?? (await spawnWorker(world));
    return running;
  }

  /** Waits until a job runs for the `count`th time and gives the engine's process id. */
  function startNumber(count: number, jobId: string): Promise<number> {
    return eventually(`start ${count}`, async () => (await world.starts(jobId)).at(count - 1));
  }

  it('the worker receives cancels again after its control connection was cut', async () => {
    await startWorker();
    const { id } = await world.create({ behaviour: 'wait' });
    const engine = await startNumber(1, id);
    const listening = async () => {
      const { rows } = await world.pool.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE application_name = 'infernode-worker-control' AND datname = current_database()`,
      );
      return rows.at(0)?.pid;
    };
    const cut = await eventually('a control connection', listening);
    await world.pool.query('SELECT pg_terminate_backend($1)', [cut]);
    await eventually('another control connection', async () => {
      const pid = await listening();
      return pid !== undefined && pid !== cut;
    });

    await world.jobs.cancel(id, { principal: world.principal });

    await eventually('the engine is gone', async () => !isAlive(engine));
    expect((await world.read(id)).status).toBe('ABORTED');
  });

  it('kill -9 of the worker in mid-job: another completes it, once, and takes the money once', async () => {
    const worker = await startWorker();
    const { id } = await world.create({ behaviour: 'wait' });
    const engine = await startNumber(1, id);

    await endWorker(worker, 'SIGKILL');
    await eventually('the engine is gone too', async () => !isAlive(engine));
    await world.expireLease(id);
    await startWorker();
    await startNumber(2, id);
    await world.letGo(id);
    const job = await reaches(world, id, 'COMPLETED');

    expect(job.attempt).toBe(2);
    await expectMoney(world, id, [
      ['hold', 10n * FRAME_PRICE],
      ['capture', 10n * FRAME_PRICE],
    ]);
  });

  it('an engine that is deep in computation ends with its killed worker', async () => {
    const worker = await startWorker();
    const { id } = await world.create({ behaviour: 'block' });
    const engine = await startNumber(1, id);

    await endWorker(worker, 'SIGKILL');

    await eventually('the engine is gone', async () => !isAlive(engine));
    await world.jobs.cancel(id, { principal: world.principal });
  });

  it('a job that loses its worker in every start ends FAILED and is refunded once', async () => {
    const { id } = await world.create({ behaviour: 'wait' });
    for (const start of [1, 2, 3]) {
      const worker = await startWorker();
      await startNumber(start, id);
      await endWorker(worker, 'SIGKILL');
      await world.expireLease(id);
    }
    await startWorker();

    const job = await reaches(world, id, 'FAILED');

    expect(job).toMatchObject({ attempt: 3, failure: { code: 'WORKER_LOST' } });
    expect(await world.starts(id)).toHaveLength(3);
    await expectMoney(world, id, [
      ['hold', 10n * FRAME_PRICE],
      ['release', 10n * FRAME_PRICE],
    ]);
  });

  it('SIGTERM gives a long job back uncounted, leaves no process, and the next worker takes it', async () => {
    const worker = await startWorker();
    const { id } = await world.create({ behaviour: 'wait' });
    const engine = await startNumber(1, id);

    const end = await endWorker(worker, 'SIGTERM');
    const given = await world.read(id);
    const engineAlive = isAlive(engine);
    await startWorker();
    await startNumber(2, id);
    await world.letGo(id);
    const job = await reaches(world, id, 'COMPLETED');

    expect(end).toEqual({ code: 0, signal: null });
    expect(given).toMatchObject({ status: 'PENDING', attempt: 0, fence: null });
    expect(engineAlive).toBe(false);
    expect(job.attempt).toBe(1);
  });

  it('SIGTERM lets a job that is nearly done end', async () => {
    const worker = await startWorker();
    const { id } = await world.create({ behaviour: 'wait' });
    await startNumber(1, id);
    await world.letGo(id);

    const end = await endWorker(worker, 'SIGTERM');

    expect(end.code).toBe(0);
    expect((await world.read(id)).status).toBe('COMPLETED');
  });

  it('SIGUSR2, also sent repeatedly, drains a worker: it finishes its job, takes no other and ends', async () => {
    const worker = await startWorker();
    const { id } = await world.create({ behaviour: 'wait' });
    await startNumber(1, id);
    const ended = endWorker(worker, 'SIGUSR2');
    for (let index = 0; index < 5; index += 1) {
      expect((await world.read(id)).status).toBe('RUNNING');
      worker.kill('SIGUSR2');
    }
    const { id: next } = await world.create({});
    await world.letGo(id);

    const end = await ended;

    expect(end).toEqual({ code: 0, signal: null });
    expect((await world.read(id)).status).toBe('COMPLETED');
    expect((await world.read(next)).status).toBe('PENDING');
    await world.jobs.cancel(next, { principal: world.principal });
  });

  it('a worker whose parent is gone ends by itself', async () => {
    const worker = await startWorker();
    const exit = once(worker, 'exit');

    worker.disconnect();

    expect(await exit).toEqual([0, null]);
  });
});
