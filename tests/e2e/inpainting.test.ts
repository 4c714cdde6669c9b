import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pngOf, rectangleMask } from '../support/inpainting-run.js';
import { makeTestVideo } from '../factories/videos/make-test-video.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeStackFolder, startRunningStack, type RunningStack } from '../support/running-stack.js';

const size = { width: 160, height: 120 };
const FRAMES = 30;
const FPS = 10;
const HELD = 1.5 * (FRAMES / FPS);
const AFTER_UPLOAD = 100 - 0.4 * (FRAMES / FPS);

let folder: string;
let stack: RunningStack;
let database: TestDatabase;
let clip: Buffer;
let mask: Buffer;

describe('inpainting', () => {
  beforeAll(async () => {
    folder = await makeStackFolder('infernode-video-jobs-');
    const out = path.join(folder, 'clip.mp4');
    await makeTestVideo({ out, frames: FRAMES, fps: FPS, ...size });
    clip = await readFile(out);
    mask = await pngOf(rectangleMask(size, { left: 50, top: 40, right: 90, bottom: 75 }), size);
    database = await createTestDatabase();
    const settings = { DATABASE_URL: database.url, LEASE_SECONDS: '2' };
    stack = await startRunningStack(path.join(folder, 'data'), settings);
  });
  afterAll(async () => {
    stack.process.kill('SIGTERM');
    await stack.exited;
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  interface StatusData {
    readonly status: string;
    readonly progress: number;
    readonly error: unknown;
  }

  /** A user with a running job over one video. */
  class VideoJob {
    readonly #token: string;

    private constructor(
      token: string,
      readonly id: string,
    ) {
      this.#token = token;
    }

    static async start(): Promise<VideoJob> {
      const email = `user-${Math.random().toString(36).slice(2)}@example.com`;
      const password = 'a good password';
      await send('', 'POST', '/api/users/user', { name: 'A', surname: 'B', email, password });
      const login = await send<{ data: { token: string } }>('', 'POST', '/api/users/login', {
        email,
        password,
      });
      const { token } = login.data;
      await send(token, 'POST', '/api/datasets', { name: 'Clip' });
      const form = new FormData();
      form.append('datasetName', 'Clip');
      form.append('image', new Blob([new Uint8Array(clip)]), 'clip.mp4');
      form.append('mask', new Blob([new Uint8Array(mask)]), 'mask.png');
      await send(token, 'POST', '/api/datasets/data', form);
      const body = { datasetName: 'Clip', modelId: 'navier_stokes' };
      const { jobId } = await send<{ jobId: string }>(token, 'POST', '/api/inferences', body);
      return new VideoJob(token, jobId);
    }

    async status(): Promise<StatusData> {
      return (await send<{ data: StatusData }>(this.#token, 'GET', `/api/inferences/job/${this.id}/status`))
        .data;
    }

    async until(reached: (status: StatusData) => boolean): Promise<StatusData> {
      for (;;) {
        const status = await this.status();
        if (reached(status)) return status;
        await delay(100);
      }
    }

    async balance(): Promise<number> {
      return (await send<{ data: { balance: number } }>(this.#token, 'GET', '/api/users/tokens')).data
        .balance;
    }

    cancel(): Promise<unknown> {
      return send(this.#token, 'POST', `/api/jobs/${this.id}/cancel`);
    }

    async results(): Promise<{ videos: { downloadUrl: string }[] }> {
      return (await send<{ data: never }>(this.#token, 'GET', `/api/inferences/${this.id}/results`)).data;
    }
  }

  async function send<Body>(token: string, method: string, where: string, body?: unknown): Promise<Body> {
    const form = body instanceof FormData;
    const answer = await fetch(`${stack.url}${where}`, {
      method,
      headers: {
        ...(token !== '' && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && !form && { 'content-type': 'application/json' }),
      },
      body: form ? body : body === undefined ? undefined : JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${where}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Body;
  }

  const isOver = ({ status }: StatusData) => !['PENDING', 'RUNNING'].includes(status);
  const isAtWork = (status: StatusData) =>
    isOver(status) || (status.status === 'RUNNING' && status.progress >= 3);

  it('a worker that is killed in the middle of a video costs time and nothing else', async () => {
    const job = await VideoJob.start();
    expect(await job.balance()).toBeCloseTo(AFTER_UPLOAD - HELD, 9);
    expect(isOver(await job.until(isAtWork))).toBe(false);
    const before = stack.children().worker;
    for (const pid of before) process.kill(pid, 'SIGKILL');
    const ended = await job.until(isOver);
    expect(ended).toMatchObject({ status: 'COMPLETED', error: null });
    const [row] = await stack.query<{ attempt: number }>('SELECT attempt FROM inference_jobs WHERE id = $1', [
      job.id,
    ]);
    expect(row.attempt).toBeGreaterThan(1);
    const ledger = await stack.query<{ kind: string }>(
      'SELECT kind FROM credit_transactions WHERE job_id = $1 ORDER BY seq',
      [job.id],
    );
    expect(ledger.map(({ kind }) => kind)).toEqual(['hold', 'capture']);
    expect(await job.balance()).toBeCloseTo(AFTER_UPLOAD - HELD, 9);
    const [{ downloadUrl }] = (await job.results()).videos;
    const part = await fetch(downloadUrl, { headers: { range: 'bytes=4-7' } });
    expect([part.status, await part.text()]).toEqual([206, 'ftyp']);
  });

  it('a cancelled video job is ABORTED with the answer, and its hold comes back', async () => {
    const job = await VideoJob.start();
    expect(isOver(await job.until(isAtWork))).toBe(false);
    await job.cancel();
    expect((await job.status()).status).toBe('ABORTED');
    expect(await job.balance()).toBeCloseTo(AFTER_UPLOAD, 9);
  });
});
