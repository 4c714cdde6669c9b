import { UnrecoverableError, WaitingError } from 'bullmq';
import { silentLogger } from '../../../src/logging/logger.js';
import type { QueueWorkerOptions } from '../../../src/queue/open-worker.js';
import type { JobOutcome } from '../../../src/workers/job-outcome.js';
import { QueueRunner } from '../../../src/workers/runner.js';

const JOB_ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const WATCH_MS = 10_000;

interface Rig {
  readonly runner: QueueRunner;
  /** Options of every worker that was opened. */
  readonly opened: QueueWorkerOptions[];
  readonly closed: boolean[];
  readonly handled: string[];
  waiting: number;
  /** Gives a queue message to the newest worker. */
  deliver(message?: { name?: string; data?: unknown }): Promise<unknown>;
  readonly returned: string[];
}

function rig(outcome: JobOutcome | (() => Promise<JobOutcome>) = { kind: 'completed' }): Rig {
  const opened: QueueWorkerOptions[] = [];
  const state = { closed: [] as boolean[], handled: [] as string[], returned: [] as string[], waiting: 0 };
  const runner = new QueueRunner({
    openWorker: (options) => {
      opened.push(options);
      return {
        pause: async () => undefined,
        close: async (force) => void state.closed.push(force ?? false),
      };
    },
    queue: { depth: async () => ({ waiting: state.waiting, active: 0, delayed: 0 }) },
    handler: {
      job: 'inference.run',
      handle: async ({ jobId }) => {
        state.handled.push(jobId);
        return typeof outcome === 'function' ? outcome() : outcome;
      },
    },
    prefix: '',
    concurrency: 1,
    log: silentLogger,
    watchIntervalMs: WATCH_MS,
  });
  const deliver: Rig['deliver'] = async ({ name = 'inference.run', data = { jobId: JOB_ID } } = {}) => {
    const message = {
      id: JOB_ID,
      name,
      data,
      moveToWait: async (token: string) => state.returned.push(token),
    };
    const processor = opened.at(-1)?.processor as (...args: unknown[]) => Promise<unknown>;
    return processor(message, 'token', new AbortController().signal);
  };
  return Object.assign(state, { runner, opened, deliver });
}

describe('runner', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it.each(['completed', 'skipped'] as const)('a job that is %s is done for the queue', async (kind) => {
    const { runner, deliver, handled } = rig({ kind });
    runner.start();

    await expect(deliver()).resolves.toEqual({ outcome: kind, jobId: undefined });

    expect(handled).toEqual([JOB_ID]);
    await runner.close();
  });

  it('a final failure is not tried again by the queue, a retryable one is', async () => {
    const final = rig({ kind: 'failed', message: 'No frames.' });
    const retryable = rig({ kind: 'retried', message: 'Engine died.' });
    final.runner.start();
    retryable.runner.start();

    await expect(final.deliver()).rejects.toBeInstanceOf(UnrecoverableError);
    const error: unknown = await retryable.deliver().catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(UnrecoverableError);
    await Promise.all([final.runner.close(), retryable.runner.close()]);
  });

  it('a job that this worker requeues waits again, uncounted', async () => {
    const { runner, deliver, returned } = rig({ kind: 'requeued' });
    runner.start();

    await expect(deliver()).rejects.toBeInstanceOf(WaitingError);

    expect(returned).toEqual(['token']);
    await runner.close();
  });

  it('a queue message that slips through after the intake was stopped goes back untouched', async () => {
    const { runner, deliver, handled, returned } = rig();
    runner.start();
    await runner.stopIntake();

    await expect(deliver()).rejects.toBeInstanceOf(WaitingError);

    expect(handled).toEqual([]);
    expect(returned).toEqual(['token']);
  });

  it.each([
    ['an unknown name', { name: 'inference.fly' }],
    ['a payload without a job', { data: {} }],
    ['a payload whose job is no id', { data: { jobId: '../x' } }],
  ])('a message with %s is given up at once', async (_what, message) => {
    const { runner, deliver, handled } = rig();
    runner.start();

    await expect(deliver(message)).rejects.toBeInstanceOf(UnrecoverableError);

    expect(handled).toEqual([]);
    await runner.close();
  });

  it('queue messages that wait in front of an idle worker get a fresh one; a busy one is left alone', async () => {
    jest.useFakeTimers();
    let finish: (outcome: JobOutcome) => void = () => undefined;
    const stuck = rig();
    const busy = rig(() => new Promise((resolve) => (finish = resolve)));
    stuck.runner.start();
    busy.runner.start();
    stuck.waiting = busy.waiting = 3;
    const work = busy.deliver();

    await jest.advanceTimersByTimeAsync(2.5 * WATCH_MS);

    expect(stuck.opened).toHaveLength(2);
    expect(stuck.closed).toEqual([true]);
    expect(busy.opened).toHaveLength(1);
    finish({ kind: 'completed' });
    await work;
    await Promise.all([stuck.runner.close(), busy.runner.close()]);
  });

  it('idle waits for the handler that still runs', async () => {
    let finish: (outcome: JobOutcome) => void = () => undefined;
    const { runner, deliver } = rig(() => new Promise((resolve) => (finish = resolve)));
    runner.start();
    const work = deliver();
    let idle = false;
    const whenIdle = runner.idle().then(() => (idle = true));

    await new Promise((resolve) => setImmediate(resolve));
    const [idleBefore, activeBefore] = [idle, runner.active];
    finish({ kind: 'completed' });
    await Promise.all([work, whenIdle]);

    expect([idleBefore, activeBefore]).toEqual([false, 1]);
    expect(runner.active).toBe(0);
    await runner.close();
  });
});
