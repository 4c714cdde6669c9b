import { existsSync, readFileSync } from 'node:fs';
import { readdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiClient } from '../../scripts/demo/api-client.js';
import { followJob, type DemoStatus } from '../../scripts/demo/follow-job.js';
import { openZip } from '../../src/media/zip-reader.js';
import type { ClipTruth } from '../../scripts/render/clip-truth.js';
import { renderTestClip } from '../factories/videos/render-clip.js';
import { runEntry } from '../support/run-entry.js';
import { isAlive, makeStackFolder, startRunningStack, type RunningStack } from '../support/running-stack.js';

const FRAMES = 30;
const UPLOAD_CREDITS = 0.001 * FRAMES;
const INFERENCE_CREDITS = 0.002 * FRAMES;
/** Jobs of a worker that was killed are not waited for as long as in production. */
const SETTINGS = { LEASE_SECONDS: '5' };

let folder: string;
let clip: string;
let truth: ClipTruth;
let stack: RunningStack;

const dataDirectory = () => path.join(folder, 'data');

beforeAll(async () => {
  folder = await makeStackFolder('infernode-e2e-');
  clip = path.join(folder, 'clip.mp4');
  truth = await renderTestClip({ out: clip, seed: 5, frames: FRAMES, width: 320, height: 240 });
  stack = await startRunningStack(dataDirectory(), SETTINGS);
});

afterAll(async () => {
  stack.process.kill('SIGTERM');
  await stack.exited;
  await rm(folder, { recursive: true, force: true });
});

interface Prepared {
  readonly client: ApiClient;
  readonly datasetId: string;
}

/** A new user with the clip in a dataset. */
async function prepare(): Promise<Prepared> {
  const client = new ApiClient(stack.url);
  await client.signUp(`user-${Math.random().toString(36).slice(2)}@example.com`, 'a good password');
  const { dataset } = await client.post<{ dataset: { id: string } }>('/api/dataset', { name: 'clips' });
  await client.uploadVideo(dataset.id, clip, 'clip');
  return { client, datasetId: dataset.id };
}

async function createJob({ client, datasetId }: Prepared, parameters: object = {}): Promise<string> {
  const body = {
    datasetId,
    range: 'all',
    parameters: {
      startFrame: 0,
      endFrame: FRAMES,
      goalFrameId: truth.goalFrame,
      frameStep: 1,
      detector: 'ORB',
      useGpus: false,
      ...parameters,
    },
  };
  const { jobId } = await client.post<{ jobId: string[] }>('/api/inference', body);
  return jobId[0];
}

/** Follows the job to its end; `onProgress` is called for every processed frame that is announced. */
async function follow(
  client: ApiClient,
  jobId: string,
  onProgress: (done: number) => void = () => undefined,
) {
  const statuses: DemoStatus[] = [];
  const listener = {
    onStatus: (status: DemoStatus) => void statuses.push(status),
    onProgress: ({ done }: { done: number }) => onProgress(done),
  };
  const last = await followJob(client, jobId, listener);
  return { last, statuses };
}

const ledgerKinds = async (jobId: string) =>
  (
    await stack.query<{ kind: string }>(
      'SELECT kind FROM credit_transactions WHERE job_id = $1 ORDER BY id',
      [jobId],
    )
  ).map(({ kind }) => kind);

/** Users whose balance is not the sum of their ledger. */
const brokenBalances = () =>
  stack.query(`SELECT u.id FROM users u LEFT JOIN credit_transactions t ON t.user_id = u.id
    GROUP BY u.id HAVING u.balance_micro <> COALESCE(SUM(t.delta_micro), 0)`);

/** Process id of the database server, the first line of its file. */
const postmaster = () =>
  Number.parseInt(readFileSync(path.join(dataDirectory(), 'postgres', 'postmaster.pid'), 'utf8'), 10);

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(50);
}

describe('the main job', () => {
  it('a video goes in, one velocity a frame and a ZIP come out, charged exactly once', async () => {
    const prepared = await prepare();
    const { client } = prepared;
    const jobId = await createJob(prepared);
    const { last } = await follow(client, jobId);
    expect(last).toBe('COMPLETED');
    const { results } = await client.get<{
      results: { velocity: (number[] | null)[]; download_url: string; device: { used: string } };
    }>(`/api/inference/result/json/${jobId}`);
    expect(results.velocity).toHaveLength(FRAMES);
    expect(
      results.velocity.filter((velocity) => velocity !== null && velocity.length === 6).length,
    ).toBeGreaterThan(FRAMES / 2);
    expect(results.device.used).toBe('cpu');
    const zip = path.join(folder, 'result.zip');
    await client.download(results.download_url, zip);
    const archive = await openZip(zip, { maxEntries: 100, maxTotalBytes: 1e8, maxEntryBytes: 1e8 });
    const names = archive.entries.map(({ name }) => name);
    archive.close();
    expect(names).toEqual(
      expect.arrayContaining([
        'result.json',
        'velocities.csv',
        'velocity.svg',
        'velocity.png',
        'preview.mp4',
      ]),
    );
    expect(names.filter((name) => name.startsWith('matches/'))).toHaveLength(12);
    const { credits } = await client.get<{ credits: number }>('/api/user/credits');
    expect(credits).toBeCloseTo(100 - UPLOAD_CREDITS - INFERENCE_CREDITS, 6);
    expect(await ledgerKinds(jobId)).toEqual(['hold', 'capture']);
    expect(stack.output()).not.toContain('Warning:');
    // The engine keeps the network for its next job, and the api is told.
    await until(async () => {
      const { versions } = await client.get<{ versions: { job_engines: number }[] }>('/api/models/cns');
      return versions[0].job_engines === 1;
    });
  });

  it('killing PostgreSQL in mid-job costs time and nothing else', async () => {
    const prepared = await prepare();
    const jobId = await createJob(prepared);
    let killed = 0;
    const { last } = await follow(prepared.client, jobId, (done) => {
      if (killed > 0 || done < FRAMES / 3) return;
      killed = postmaster();
      process.kill(killed, 'SIGKILL');
    });
    await until(() => stack.output().includes('PostgreSQL is available again.'));
    expect(killed).not.toBe(postmaster());
    expect(last).toBe('COMPLETED');
    expect(await ledgerKinds(jobId)).toEqual(['hold', 'capture']);
    expect(await brokenBalances()).toEqual([]);
    expect(stack.output()).not.toContain('    at ');
  });

  it('killing the worker in mid-job costs time and nothing else', async () => {
    const prepared = await prepare();
    const jobId = await createJob(prepared);
    let killed = 0;
    const { last } = await follow(prepared.client, jobId, (done) => {
      if (killed > 0 || done < FRAMES / 3) return;
      for (const pid of stack.children().worker) process.kill(pid, 'SIGKILL');
      killed += 1;
    });
    expect(killed).toBe(1);
    expect(last).toBe('COMPLETED');
    expect(await ledgerKinds(jobId)).toEqual(['hold', 'capture']);
    const { attempts, error } = await prepared.client.get<{ attempts: unknown[]; error: unknown }>(
      `/api/jobs/${jobId}`,
    );
    expect(attempts.length).toBeGreaterThan(0);
    expect(error).toBeNull();
    expect(await brokenBalances()).toEqual([]);
  });

  it('a cancelled job gives its hold back and leaves no workspace', async () => {
    const prepared = await prepare();
    const jobId = await createJob(prepared);
    let cancelled: Promise<unknown> | null = null;
    const { last } = await follow(prepared.client, jobId, () => {
      cancelled ??= prepared.client.post(`/api/jobs/${jobId}/cancel`, {});
    });
    await cancelled;
    expect(last).toBe('ABORTED');
    expect(await ledgerKinds(jobId)).toEqual(['hold', 'release']);
    const { credits } = await prepared.client.get<{ credits: number }>('/api/user/credits');
    expect(credits).toBeCloseTo(100 - UPLOAD_CREDITS, 6);
    // Of the workspaces alone: what is below them disappears while it is listed.
    await until(async () => (await readdir(path.join(dataDirectory(), 'workspaces'))).length === 0);
  });
});

describe('the demo', () => {
  it('cancels its job at Ctrl-C and says so, so that nothing waits for it', async () => {
    const demo = runEntry('demo', { DATA_DIR: dataDirectory() });
    await demo.says('status RUNNING');
    demo.process.kill('SIGINT');
    expect(await demo.exited).toBe(130);
    const jobId = /cancelling job (\S+)/.exec(demo.output())?.[1];
    const [job] = await stack.query<{ status: string }>('SELECT status FROM inference_jobs WHERE id = $1', [
      jobId,
    ]);
    expect(job.status).toBe('ABORTED');
  });
});

describe('the stack', () => {
  it('a second one on the same folder says who runs there and leaves it alone', async () => {
    const alias = path.join(folder, 'alias');
    await symlink(dataDirectory(), alias);
    const { postgres } = stack.children();
    const second = runEntry('stack', { DATA_DIR: alias, PORT: '0' });
    expect(await second.exited).toBe(1);
    expect(second.output()).toContain(`process ${stack.process.pid}, at ${stack.url}.`);
    expect(stack.children().postgres).toEqual(postgres);
    expect((await fetch(`${stack.url}/readyz`)).status).toBe(200);
  });

  it('kill -9 takes everything with it, and the next start carries the job to its end', async () => {
    const prepared = await prepare();
    const jobId = await createJob(prepared);
    const parts = Object.values(stack.children()).flat();
    expect(parts.length).toBeGreaterThanOrEqual(3);
    stack.process.kill('SIGKILL');
    await until(() => parts.every((pid) => !isAlive(pid)));
    stack = await startRunningStack(dataDirectory(), SETTINGS);
    const client = prepared.client.at(stack.url);
    const { last } = await follow(client, jobId);
    expect(last).toBe('COMPLETED');
    expect(await ledgerKinds(jobId)).toEqual(['hold', 'capture']);
    expect(await brokenBalances()).toEqual([]);
  });

  it('SIGTERM ends all parts with exit code 0 and leaves no process and no temporary file', async () => {
    const parts = Object.values(stack.children()).flat();
    stack.process.kill('SIGTERM');
    expect(await stack.exited).toBe(0);
    expect(parts.filter(isAlive)).toEqual([]);
    for (const name of ['workspaces', 'tmp', 'uploads']) {
      const temporary = path.join(dataDirectory(), name);
      if (!existsSync(temporary)) continue;
      const entries = await readdir(temporary, { recursive: true, withFileTypes: true });
      expect(entries.filter((entry) => entry.isFile()).map(({ name: file }) => file)).toEqual([]);
    }
  });
});
