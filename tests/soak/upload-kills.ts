/**
 * `npm run soak:upload-kills -- [--uploads 50] [--mb 20] [--parallel 5] [--pause 1500]`: resumable uploads by tus to two api
 * processes that are killed with SIGKILL in turns while bytes arrive. Each request of a client goes to one of them at random
 * and is continued where the server says. Exits 1 unless there are as many equal hashes, media and charges as uploads, and
 * nothing is left of the uploads.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ApiClient } from '../../scripts/demo/api-client.js';
import { makeTestVideo } from '../factories/videos/make-test-video.js';
import { paddedVideo } from '../factories/videos/padded-video.js';
import { freePort } from '../support/free-port.js';
import { runEntry, type RunningEntry } from '../support/run-entry.js';
import { makeStackFolder, startRunningStack } from '../support/running-stack.js';

const { values: flags } = parseArgs({
  options: {
    uploads: { type: 'string', default: '50' },
    mb: { type: 'string', default: '20' },
    parallel: { type: 'string', default: '5' },
    pause: { type: 'string', default: '1500' },
  },
});
const [count, parallel, pauseMs] = [Number(flags.uploads), Number(flags.parallel), Number(flags.pause)];
const BYTES = Number(flags.mb) * 2 ** 20;
const FRAMES = 10;
const RETRY_MS = 100;
/** The worker looks for bytes of ended uploads every ten seconds. */
const SWEEP_SECONDS = 30;
const VERSION = { 'tus-resumable': '1.0.0' };

const base64 = (text: string): string => Buffer.from(text).toString('base64');

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
}

/** One request; null when the connection breaks. */
function send(
  url: string,
  { method, headers, body }: { method: string; headers: Record<string, string>; body?: Buffer },
): Promise<Answer | null> {
  return new Promise((resolve) => {
    const request = http.request(url, { method, headers, agent: false }, (response) => {
      response.on('error', () => resolve(null));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
      response.resume();
    });
    request.on('error', () => resolve(null));
    request.end(body);
  });
}

const folder = await makeStackFolder('infernode-upload-kills-');
const data = path.join(folder, 'data');
const [firstPort, secondPort] = [await freePort(), await freePort()];
const settings = { UPLOAD_PER_USER_AND_DAY_MB: '0', STORAGE_PER_USER_MB: '0' };
const stack = await startRunningStack(data, { PORT: String(firstPort), ...settings });
const bases = [`http://127.0.0.1:${firstPort}`, `http://127.0.0.1:${secondPort}`];
const { url: databaseUrl } = JSON.parse(await readFile(path.join(data, 'postgres.json'), 'utf8')) as {
  url: string;
};

async function startSecond(): Promise<RunningEntry> {
  const api = runEntry('api', {
    DATABASE_URL: databaseUrl,
    DATA_DIR: data,
    PORT: String(secondPort),
    JWT_PRIVATE_KEY_PATH: path.join(data, 'keys', 'private.key'),
    JWT_PUBLIC_KEY_PATH: path.join(data, 'keys', 'public.key'),
    RATE_LIMIT_PER_MINUTE: '0',
    ...settings,
  });
  await api.says('The api serves.');
  return api;
}

let second = await startSecond();
let killed = 0;
let resumed = 0;

/** Kills the api processes in turns until `stop`. */
async function kill(stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await delay(pauseMs * (0.5 + Math.random()), undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return;
    if (killed % 2 === 0) {
      for (const pid of stack.children().api) process.kill(pid, 'SIGKILL');
    } else {
      second.process.kill('SIGKILL');
      await second.exited;
      second = await startSecond();
    }
    killed += 1;
  }
}

/** Uploads one file through all kills. @returns its SHA-256 */
async function upload(content: Buffer, name: string, token: string): Promise<string> {
  const any = (): string => bases[Math.random() < 0.5 ? 0 : 1];
  const authorization = `Bearer ${token}`;
  const metadata = `datasetName ${base64('Kills')},filename ${base64(name)}`;
  let location: string | undefined;
  while (location === undefined) {
    const headers = {
      ...VERSION,
      authorization,
      'upload-length': String(content.length),
      'upload-metadata': metadata,
    };
    const created = await send(`${any()}/api/uploads/tus`, { method: 'POST', headers });
    location = created?.headers.location;
    if (location === undefined) await delay(RETRY_MS);
  }
  for (let offset = 0; offset < content.length;) {
    const headers = {
      ...VERSION,
      authorization,
      'upload-offset': String(offset),
      'content-type': 'application/offset+octet-stream',
    };
    const sent = await send(`${any()}${location}`, {
      method: 'PATCH',
      headers,
      body: content.subarray(offset),
    });
    const given = sent?.status === 204 ? sent.headers['upload-offset'] : undefined;
    offset = given === undefined ? await offsetOf(() => `${any()}${location}`, authorization) : Number(given);
  }
  return createHash('sha256').update(content).digest('hex');
}

async function offsetOf(url: () => string, authorization: string): Promise<number> {
  resumed += 1;
  for (;;) {
    await delay(RETRY_MS);
    const answer = await send(url(), { method: 'HEAD', headers: { ...VERSION, authorization } });
    const offset = answer?.status === 200 ? answer.headers['upload-offset'] : undefined;
    if (offset !== undefined) return Number(offset);
    if (answer && answer.status >= 400 && answer.status < 500 && answer.status !== 409)
      throw new Error(`HEAD answered ${answer.status}`);
  }
}

async function run(): Promise<boolean> {
  const client = new ApiClient(bases[0]);
  await client.signUp('kills@example.com', 'a good password');
  await client.post('/api/dataset', { name: 'Kills', tags: [] });
  const out = path.join(folder, 'clip.mp4');
  await makeTestVideo({ out, frames: FRAMES });
  const clip = await readFile(out);
  const stop = new AbortController();
  const killing = kill(stop.signal);
  const hashes: string[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      const content = paddedVideo(clip, BYTES, index + 1);
      hashes.push(await upload(content, `clip-${index}.mp4`, client.accessToken));
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: parallel }, work));
  stop.abort();
  await killing;
  return check(hashes, (performance.now() - start) / 1000);
}

/**
 * Bytes of uploads that have ended, after the worker had time to remove them. A creation that was killed before its row was
 * written leaves an empty file, which is removed after a day.
 */
async function bytesLeft(open: ReadonlySet<string>): Promise<number> {
  const folder = path.join(data, 'media', 'resumable');
  for (let round = 1; ; round += 1) {
    const ended = (await readdir(folder)).filter((name) => !open.has(name));
    const sizes = await Promise.all(ended.map(async (name) => (await stat(path.join(folder, name))).size));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    if (bytes === 0 || round === SWEEP_SECONDS) return bytes;
    await delay(1000);
  }
}

async function check(hashes: readonly string[], seconds: number): Promise<boolean> {
  const media = await stack.query<{ sha256: string }>('SELECT sha256 FROM media');
  const stored = new Set(media.map(({ sha256 }) => sha256));
  const [{ charges, rest, balance }] = await stack.query<{ charges: number; rest: string; balance: string }>(
    `SELECT count(*) FILTER (WHERE t.kind = 'upload')::int AS charges, sum(t.delta_micro)::text AS rest,
            max(u.balance_micro)::text AS balance
       FROM users u JOIN credit_transactions t ON t.user_id = u.id WHERE u.email = 'kills@example.com'`,
  );
  const open = await stack.query<{ id: string }>("SELECT id FROM uploads WHERE state = 'open'");
  // Of creations whose response was lost; they expire.
  const left = await bytesLeft(new Set(open.map(({ id }) => id)));
  const equal = hashes.filter((hash) => stored.has(hash)).length;
  const result = {
    uploads: hashes.length,
    equal,
    media: media.length,
    charges,
    killed,
    resumed,
    seconds: Math.round(seconds),
  };
  console.table([
    { ...result, 'open rows': open.length, 'bytes left': left, 'balance is the ledger': rest === balance },
  ]);
  return equal === count && media.length === count && charges === count && left === 0 && rest === balance;
}

try {
  process.exitCode = (await run()) ? 0 : 1;
} finally {
  second.process.kill('SIGTERM');
  await second.exited;
  stack.process.kill('SIGTERM');
  await stack.exited;
  await rm(folder, { recursive: true, force: true });
}
