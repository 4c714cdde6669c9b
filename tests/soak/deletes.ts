/**
 * `npm run soak:deletes -- [--images 960] [--videos 40]`: deletes every media of two datasets and empties the trash while CNS
 * jobs over the videos wait and run. Exits 1 when a job does not end, one that did not complete is charged, a file of a
 * deleted media remains, or the balance is not the sum of the ledger.
 */
import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import PQueue from 'p-queue';
import sharp from 'sharp';
import { ApiClient } from '../../scripts/demo/api-client.js';
import { makeTestVideo } from '../factories/videos/make-test-video.js';
import { startSoakStack } from './soak-stack.js';

const { values: flags } = parseArgs({
  options: { images: { type: 'string', default: '960' }, videos: { type: 'string', default: '40' } },
});
const [images, videos] = [Number(flags.images), Number(flags.videos)];
const FRAMES = 20;
const SIDE = 16;
const AT_ONCE = 8;
const WAIT_SECONDS = 300;
const EMAIL = 'deletes@example.com';

const limits = { UPLOAD_PER_USER_AND_DAY_MB: '0', STORAGE_PER_USER_MB: '0' };
const { stack, folder, end } = await startSoakStack('infernode-deletes-', limits);
const client = new ApiClient(stack.url);

/** Calls `work` for each value, some at the same time. */
const each = <Value>(values: readonly Value[], work: (value: Value) => Promise<void>): Promise<void[]> =>
  new PQueue({ concurrency: AT_ONCE }).addAll(values.map((value) => () => work(value)));

async function send(method: string, route: string, body?: FormData): Promise<number> {
  const headers = { authorization: `Bearer ${client.accessToken}` };
  const response = await fetch(`${stack.url}${route}`, { method, headers, body });
  await response.arrayBuffer();
  return response.status;
}

async function newDataset(name: string): Promise<string> {
  return (await client.post<{ dataset: { id: string } }>('/api/dataset', { name, tags: [] })).dataset.id;
}

/** An image of noise, so that no two share a stored file. */
const makeImage = (): Promise<Buffer> =>
  sharp(randomBytes(SIDE * SIDE * 3), { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .png()
    .toBuffer();

async function uploadImages(datasetId: string): Promise<void> {
  await each([...Array(images).keys()], async (index) => {
    const form = new FormData();
    form.set('name', `image ${index}`);
    form.set('content', new Blob([new Uint8Array(await makeImage())]), 'image.png');
    const status = await send('POST', `/api/dataset/${datasetId}/images`, form);
    if (status !== 201) throw new Error(`an upload was answered ${status}`);
  });
}

async function uploadVideos(datasetId: string): Promise<void> {
  const clip = path.join(folder, 'clip.mp4');
  await makeTestVideo({ out: clip, frames: FRAMES, width: 320, height: 240 });
  for (let index = 0; index < videos; index += 1) await client.uploadVideo(datasetId, clip, `clip ${index}`);
}

/** Number and bytes of the stored files. */
async function stored(): Promise<{ files: number; bytes: number }> {
  const media = path.join(folder, 'data', 'media');
  const entries = await readdir(media, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => stat(path.join(entry.parentPath, entry.name)).then(({ size }) => size)),
  );
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

async function jobsByStatus(): Promise<Readonly<Record<string, number>>> {
  const rows = await stack.query<{ status: string; count: number }>(
    'SELECT status, count(*)::int AS count FROM inference_jobs GROUP BY status',
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

/** Repeats `done` until it holds, for a limited time. */
async function until(done: () => Promise<boolean>): Promise<boolean> {
  for (let second = 0; second < WAIT_SECONDS; second += 1) {
    if (await done()) return true;
    await delay(1000);
  }
  return false;
}

async function run(): Promise<boolean> {
  await client.signUp(EMAIL, 'a good password');
  const [pictures, clips] = [await newDataset('Pictures'), await newDataset('Clips')];
  await uploadImages(pictures);
  await uploadVideos(clips);
  const before = await stored();
  const parameters = { goalFrameId: 0, detector: 'ORB' };
  await client.post('/api/inference', { datasetId: clips, range: `0-${videos - 1}`, parameters });
  const media = await stack.query<{ id: string }>('SELECT id FROM media ORDER BY random()');
  const statuses = new Map<number, number>();
  await each(media, async ({ id }) => {
    const status = await send('DELETE', `/api/media/${id}`);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  });
  const running = await jobsByStatus();
  await send('DELETE', '/api/trash');
  const ended = await until(async () => {
    const { PENDING = 0, RUNNING = 0 } = await jobsByStatus();
    return PENDING + RUNNING === 0;
  });
  await until(async () => (await stored()).files === 0);
  const [after, jobs] = [await stored(), await jobsByStatus()];
  const [{ wrong, captured }] = await stack.query<{ wrong: number; captured: number }>(
    `SELECT count(*) FILTER (WHERE j.status <> 'COMPLETED')::int AS wrong, count(*)::int AS captured
       FROM credit_transactions t JOIN inference_jobs j ON j.id = t.job_id WHERE t.kind = 'capture'`,
  );
  const [{ balanced }] = await stack.query<{ balanced: boolean }>(
    `SELECT bool_and(u.balance_micro = (SELECT sum(delta_micro) FROM credit_transactions t WHERE t.user_id = u.id)) AS balanced
       FROM users u WHERE u.email = $1`,
    [EMAIL],
  );
  console.table([
    {
      deleted: statuses.get(204) ?? 0,
      'jobs when deleted': JSON.stringify(running),
      'jobs at the end': JSON.stringify(jobs),
      captured,
      'captured but not completed': wrong,
      'files before': before.files,
      'bytes before': before.bytes,
      'files after': after.files,
      'bytes after': after.bytes,
      balanced,
    },
  ]);
  const paidOnce = captured === (jobs.COMPLETED ?? 0) && wrong === 0 && balanced;
  return ended && paidOnce && after.files === 0 && statuses.get(204) === media.length;
}

try {
  process.exitCode = (await run()) ? 0 : 1;
} finally {
  await end();
}
