import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { v7 as uuid } from 'uuid';
import { JobEnginePool, type JobEnginePoolOptions } from '../../../src/engines/job-engine/job-engine-pool.js';
import type { RunRequest } from '../../../src/engines/job-engine/protocol.js';
import { mainThreadOf } from '../../../src/supervision/main-thread.js';
import { descendants } from '../../support/running-stack.js';
import { eventually, isAlive } from './job-world.js';
import { TEST_PIPELINES, type TestInput, type TestParams } from './test-task.js';

const GIBIBYTE = 2 ** 30;

let folder: string;
let pool: JobEnginePool;

describe('engine pool', () => {
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'infernode-engines-'));
  });

  afterEach(async () => {
    await pool.close();
    await rm(folder, { recursive: true, force: true });
  });

  function openPool(options: Partial<JobEnginePoolOptions> = {}): JobEnginePool {
    pool = new JobEnginePool({
      size: 1,
      env: { PATH: process.env.PATH },
      pipelinesModule: TEST_PIPELINES,
      silence: { silentMs: 600_000, computingMs: 600_000 },
      stopGraceMs: 300,
      maxRssBytes: 4 * GIBIBYTE,
      recycleRssBytes: 4 * GIBIBYTE,
      maxJobsPerEngine: 50,
      onStderr: () => undefined,
      ...options,
    });
    return pool;
  }

  function orderOf(behaviour: TestParams['behaviour'], jobId: string = uuid()): RunRequest {
    const input: TestInput = { behaviour, folder, frames: 1, usedFrames: 1, zipBytes: 10 };
    return {
      type: 'run',
      jobId,
      task: 'cns',
      plan: { input: { ...input }, media: {} },
      params: {},
      mediaPaths: {},
      workspace: folder,
      modelsDirectory: folder,
      ffmpeg: { ffmpegPath: 'ffmpeg', ffprobePath: 'ffprobe', version: '6' },
      power: { cpuWatts: 15, carbonGramsPerKwh: 475 },
      threads: 1,
    };
  }

  const run = (order: RunRequest, { signal = new AbortController().signal, timeoutMs = 600_000 } = {}) =>
    pool.run(order, { signal, timeoutMs, onProgress: () => undefined });

  /** Process ids of the engines of this process; one that is too slow may never have begun its job. */
  const engines = () => descendants(process.pid, path.join('job-engine', 'main.js'));
  const startsFile = ({ jobId }: RunRequest) => path.join(folder, `${jobId}.starts`);
  const pidOf = async (order: RunRequest) => Number((await readFile(startsFile(order), 'utf8')).trim());
  const started = (order: RunRequest) =>
    eventually('a start', async () => existsSync(startsFile(order)) && (await pidOf(order)));

  it('an engine stays warm between jobs and is replaced after its last one', async () => {
    openPool({ maxJobsPerEngine: 2 });
    const orders = [orderOf('finish'), orderOf('finish'), orderOf('finish')];

    for (const order of orders) await run(order);

    const [first, second, third] = await Promise.all(orders.map(pidOf));
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  it('a job beyond the size of the pool waits for its turn', async () => {
    openPool({ size: 1 });
    const [first, second] = [orderOf('wait'), orderOf('finish')];
    const running = run(first);
    await started(first);
    const waiting = run(second);

    const begunEarly = existsSync(startsFile(second));
    await writeFile(path.join(folder, `${first.jobId}.go`), '');
    await Promise.all([running, waiting]);

    expect(begunEarly).toBe(false);
    expect(await pidOf(second)).toBe(await pidOf(first));
  });

  it('a job that is aborted while it waits leaves the line and never starts', async () => {
    openPool({ size: 1 });
    const [first, second] = [orderOf('wait'), orderOf('finish')];
    const running = run(first);
    await started(first);
    const controller = new AbortController();
    const waiting = run(second, { signal: controller.signal });
    controller.abort(new Error('not wanted any more'));

    await expect(waiting).rejects.toThrow('not wanted any more');
    await writeFile(path.join(folder, `${first.jobId}.go`), '');
    await running;

    expect(existsSync(startsFile(second))).toBe(false);
    expect(pool.busy).toBe(0);
  });

  it.each(['wait', 'ignore-stop', 'block'] as const)(
    'an abort of a job that would %s rejects only when its process is gone',
    async (behaviour) => {
      openPool();
      const order = orderOf(behaviour);
      const controller = new AbortController();
      const running = run(order, { signal: controller.signal });
      const outcome = running.catch((error: unknown) => error);
      const pid = await started(order);
      expect(engines()).toContain(pid);

      controller.abort(new Error('cancelled'));

      expect(await outcome).toMatchObject({ message: 'cancelled' });
      expect(isAlive(pid)).toBe(false);
    },
  );

  it('an engine that gives no sign of life is killed', async () => {
    openPool({ silence: { silentMs: 2_500, computingMs: 2_500 } });
    const order = orderOf('block');

    await expect(run(order)).rejects.toMatchObject({ code: 'ENGINE_STALLED', kind: 'timeout' });

    expect(engines()).toEqual([]);
  });

  it('an engine that computes without a word is let be, and one that was stopped is killed', async () => {
    openPool({ silence: { silentMs: 1_000, computingMs: 600_000 } });
    const [busy, stopped] = [orderOf('block-until-told'), orderOf('wait')];
    const computing = run(busy);
    const pid = await started(busy);
    const used = () => mainThreadOf(pid)?.computedMs ?? 0;
    const before = used();
    await eventually('three times the silence', () => Promise.resolve(used() - before > 3_000));
    await writeFile(path.join(folder, `${busy.jobId}.go`), '');
    await expect(computing).resolves.toMatchObject({ json: { frames: 1 } });

    const waiting = run(stopped);
    const outcome = waiting.catch((error: unknown) => error);
    process.kill(await started(stopped), 'SIGSTOP');

    expect(await outcome).toMatchObject({ code: 'ENGINE_STALLED' });
  });

  it('a job that runs too long ends for good', async () => {
    openPool();
    const order = orderOf('ignore-stop');

    await expect(run(order, { timeoutMs: 1_500 })).rejects.toMatchObject({
      code: 'JOB_TIMEOUT',
      kind: 'too_large',
    });

    expect(engines()).toEqual([]);
  });

  it('an engine that takes memory without end is killed, its job ends for good, and others go on', async () => {
    openPool({ size: 2, maxRssBytes: 600 * 2 ** 20 });
    const neighbour = orderOf('wait');
    const running = run(neighbour);
    await started(neighbour);

    await expect(run(orderOf('hoard'))).rejects.toMatchObject({
      code: 'JOB_MEMORY_LIMIT',
      kind: 'too_large',
    });

    await writeFile(path.join(folder, `${neighbour.jobId}.go`), '');
    await expect(running).resolves.toMatchObject({ json: { frames: 1 } });
  });

  it('an engine that dies is reported with how it died, and the next job gets a fresh one', async () => {
    openPool();

    await expect(run(orderOf('die'))).rejects.toMatchObject({
      code: 'ENGINE_DIED',
      message: expect.stringContaining('SIGKILL'),
    });
    await expect(run(orderOf('finish'))).resolves.toMatchObject({ json: { frames: 1 } });
  });

  it('an engine whose module cannot be loaded does not hang its job', async () => {
    openPool({ pipelinesModule: path.join(folder, 'missing.js') });

    await expect(run(orderOf('finish'))).rejects.toMatchObject({ code: 'ENGINE_DIED' });
  });

  it('close ends idle and running engines', async () => {
    openPool({ size: 2 });
    const [idle, busy] = [orderOf('finish'), orderOf('block')];
    await run(idle);
    const running = run(busy).catch((error: unknown) => error);
    const pids = [await pidOf(idle), await started(busy)];

    await pool.close();

    expect(pids.map(isAlive)).toEqual([false, false]);
    expect(await running).toBeInstanceOf(Error);
    await expect(run(orderOf('finish'))).rejects.toThrow('closed');
  });
});
