import { AppError } from '../../../../src/errors/app-error.js';
import type { EngineContext, Pipeline, TaskResult } from '../../../../src/tasks/definition.js';
import { JobEngineHost } from '../../../../src/engines/job-engine/host.js';
import {
  fromEngineMessage,
  type FromEngine,
  type RunRequest,
} from '../../../../src/engines/job-engine/protocol.js';

const request: RunRequest = {
  type: 'run',
  jobId: '01890a5d-ac96-774b-bcce-b302099a8057',
  task: 'cns',
  plan: { input: { frames: 3 }, media: { goal: 'a' } },
  params: { gain: 2 },
  mediaPaths: { goal: '/media/a.mp4' },
  workspace: '/tmp/w',
  modelsDirectory: '/models',
  ffmpeg: { ffmpegPath: '/bin/ffmpeg', ffprobePath: '/bin/ffprobe', version: '6' },
  power: { cpuWatts: 15, carbonGramsPerKwh: 475 },
  threads: 2,
};

const result: TaskResult = {
  json: { velocity: [[1, 2, 3, 4, 5, 6]] },
  zipPath: '/tmp/w/result.zip',
  units: { 'inference.video_frame': 3 },
  device: { requested: 'auto', used: 'cpu', reason: 'no GPU', attempts: [] },
  timings: { totalMs: 5 },
  energy: { joules: 1, carbonGrams: 0.1, method: 'estimate', figures: { cpuWatts: 15 } },
  network: { id: 'cns', version: '1', sha256: 'x' },
};

interface Rig {
  readonly host: JobEngineHost;
  readonly sent: FromEngine[];
  /** Resolves at the next message of this type. */
  next(type: FromEngine['type']): Promise<FromEngine>;
  readonly ended: Promise<void>;
}

function rig(pipeline: Pipeline<unknown, unknown>): Rig {
  const sent: FromEngine[] = [];
  const waiting: ((message: FromEngine) => void)[] = [];
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const host = new JobEngineHost({
    send: (message) => {
      sent.push(message);
      for (const tell of waiting) tell(message);
    },
    end,
    loadPipeline: async () => pipeline,
  });
  const next: Rig['next'] = (type) =>
    new Promise((resolve) => waiting.push((message) => message.type === type && resolve(message)));
  return { host, sent, next, ended };
}

describe('host', () => {
  it('a job gets its plan, parameters and context, and its result passes the wire format', async () => {
    const seen: { plan?: unknown; params?: unknown; engine?: EngineContext } = {};
    const { host, next, sent } = rig(async (plan, params, engine) => {
      Object.assign(seen, { plan, params, engine });
      engine.progress({ done: 1, total: 3, percent: 33, stage: 'infer' });
      return result;
    });
    const done = next('done');

    host.receive(request);

    expect(await done).toEqual({ type: 'done', result });
    expect(seen).toMatchObject({ plan: request.plan, params: request.params });
    expect(seen.engine).toMatchObject({ jobId: request.jobId, workspace: '/tmp/w', threads: 2 });
    expect(sent.map((message) => fromEngineMessage.parse(message))).toEqual(sent);
  });

  it('an error of ours keeps code and kind; an unknown one tells its text to the log only', async () => {
    const ours = rig(async () => {
      throw new AppError('GOAL_TOO_FEW_POINTS', { message: 'The goal is blank.' });
    });
    const unknown = rig(async () => {
      throw new Error('ENOENT /home/somebody/secret');
    });
    const [first, second] = [ours.next('failed'), unknown.next('failed')];

    ours.host.receive(request);
    unknown.host.receive(request);

    expect(await first).toMatchObject({ error: { code: 'GOAL_TOO_FEW_POINTS' } });
    const failed = await second;
    expect(failed).toMatchObject({ error: { code: 'INTERNAL' } });
    expect(failed.type === 'failed' && failed.error.message).not.toContain('secret');
  });

  it('an endless message is cut, so that it passes the wire format', async () => {
    const verbose = rig(async () => {
      throw new AppError('MODEL_INVALID', { message: 'input '.repeat(10_000) });
    });
    const failed = verbose.next('failed');
    verbose.host.receive(request);
    expect(fromEngineMessage.safeParse(await failed).success).toBe(true);
  });

  it('a disk that is full is named, and the job may be tried again', async () => {
    const full = rig(async () => {
      const cause = Object.assign(new Error('write'), { code: 'ENOSPC', syscall: 'write' });
      throw new Error('The ZIP could not be written.', { cause });
    });
    const failed = full.next('failed');
    full.host.receive(request);
    expect(await failed).toMatchObject({ error: { code: 'STORAGE_FULL' } });
  });

  it('stop aborts the running job and then ends the process', async () => {
    const { host, ended, next } = rig(
      (_plan, _params, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    const failed = next('failed');
    host.receive(request);
    await Promise.resolve();

    host.stop();

    expect(await failed).toMatchObject({ error: { code: 'STOPPED' } });
    await ended;
  });

  it('an idle engine ends at once when it is asked to stop', async () => {
    const { host, ended } = rig(async () => result);

    host.stop();

    await ended;
  });

  it('a second job is refused while one runs, and the first is not disturbed', async () => {
    let finish: (value: TaskResult) => void = () => undefined;
    const { host, next } = rig(() => new Promise((resolve) => (finish = resolve)));
    const [refused, done] = [next('failed'), next('done')];
    host.receive(request);
    await Promise.resolve();

    host.receive(request);

    expect(await refused).toMatchObject({ error: { code: 'ENGINE_BUSY' } });
    finish(result);
    expect(await done).toEqual({ type: 'done', result });
  });

  it('an order that is not understood is answered, not run', () => {
    const { host, sent } = rig(async () => result);

    host.receive({ ...request, threads: 0 });

    expect(sent).toMatchObject([{ type: 'failed', error: { code: 'BAD_ORDER' } }]);
  });
});
