/**
 * `npm run soak:multipart -- [--mb 300] [--abandoned 20]`: a multipart upload by `curl` alone. The video is sent in parts of
 * 64 MiB; two of them are sent twice, and one URL has expired and is replaced. Another upload is aborted, further ones are
 * abandoned and swept by the worker, and one that exceeds the daily quota is refused. Exits 1 unless the stored SHA-256 is
 * that of the file, there is one media and one charge, and nothing is left of the other uploads.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { PART_URL_SECONDS } from '../../src/domain/incoming-upload.js';
import { PartLinks } from '../../src/services/part-links.js';
import { loadKeyRing } from '../../src/services/token-keys.js';
import { makeTestVideo } from '../factories/videos/make-test-video.js';
import { paddedVideo } from '../factories/videos/padded-video.js';
import { keySettings } from '../support/database.js';
import { startSoakStack } from './soak-stack.js';

const { values: flags } = parseArgs({
  options: { mb: { type: 'string', default: '300' }, abandoned: { type: 'string', default: '20' } },
});
const BYTES = Number(flags.mb) * 2 ** 20;
const abandoned = Number(flags.abandoned);
const MIB = 2 ** 20;
const ABANDONED_BYTES = 10 * MIB;
/** More than one user may upload a day by default. */
const REFUSED_BYTES = 2048 * MIB;
const FRAMES = 10;
/** Price of a frame in millionths of a credit. */
const FRAME_MICRO = 1000;
const CREDIT_MICRO = 1_000_000;
/** The worker looks for uploads that have ended every ten seconds. */
const SWEEP_SECONDS = 60;
const UPLOADS = '/api/uploads/multipart';
const EMAIL = 'parts@example.com';
const PASSWORD = 'a good password';

const run = promisify(execFile);
const createdUpload = z.object({
  uploadId: z.uuid(),
  partSize: z.number(),
  urls: z.array(z.url()),
  quote: z.object({ total: z.number() }),
});
const refreshedUrls = z.object({ urls: z.array(z.object({ partNumber: z.number(), url: z.url() })) });
const storedUpload = z.object({ upload: z.object({ state: z.string() }) });

interface Answer {
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

// `STORAGE=s3` of the tests would sign URLs of another server.
const { stack, folder, end } = await startSoakStack('infernode-multipart-', { STORAGE: 'disk' });
const data = path.join(folder, 'data');
const keys = await keySettings(path.join(data, 'keys'));
const { linkKey } = await loadKeyRing({
  privateKeyPath: keys.JWT_PRIVATE_KEY_PATH,
  publicKeyPath: keys.JWT_PUBLIC_KEY_PATH,
});

/** One call of curl. */
async function curl(url: string, ...options: readonly string[]): Promise<Answer> {
  const files = { headers: path.join(folder, 'headers'), body: path.join(folder, 'body') };
  const program = ['-sS', '-D', files.headers, '-o', files.body, '-w', '%{http_code}', ...options, url];
  const { stdout } = await run('curl', program);
  const [headers, body] = await Promise.all([
    readFile(files.headers, 'utf8'),
    readFile(files.body, 'utf8').catch(() => ''),
  ]);
  return { status: Number(stdout), headers, body };
}

/** JSON of an answer, or its whole text when the status is another one. */
function parsed<Value>(answer: Answer, status: number, schema: z.ZodType<Value>): Value {
  if (answer.status !== status) throw new Error(`${answer.status} instead of ${status}: ${answer.body}`);
  return schema.parse(JSON.parse(answer.body));
}

const JSON_TYPE = ['-H', 'Content-Type: application/json'];
let authorization: readonly string[] = [];

const send = (method: string, route: string, body?: unknown): Promise<Answer> =>
  curl(
    `${stack.url}${route}`,
    ...['-X', method, ...authorization],
    ...(body === undefined ? [] : [...JSON_TYPE, '-d', JSON.stringify(body)]),
  );

const create = (name: string, size: number): Promise<Answer> =>
  send('POST', UPLOADS, { datasetName: 'Traffic', name, extension: 'mp4', size });

const put = (url: string, file: string): Promise<Answer> => curl(url, '-T', file);

async function sendPart(url: string, file: string): Promise<string> {
  const answer = await put(url, file);
  const etag = /^etag: (\S+)\s*$/im.exec(answer.headers)?.[1];
  if (answer.status !== 200 || etag === undefined)
    throw new Error(`a part was answered ${answer.status}: ${answer.body}`);
  return etag;
}

async function signIn(): Promise<void> {
  const account = { email: EMAIL, password: PASSWORD };
  parsed(await send('POST', '/api/auth/register', account), 201, z.unknown());
  const { token } = parsed(
    await send('POST', '/api/auth/login', account),
    200,
    z.object({ token: z.string() }),
  );
  authorization = ['-H', `Authorization: Bearer ${token}`];
  parsed(await send('POST', '/api/dataset', { name: 'Traffic', tags: [] }), 201, z.unknown());
}

/** @returns the SHA-256 of the file, and how many parts were sent and URLs refused */
async function uploadWhole(): Promise<{ sha256: string; sent: number; expiredUrls: number }> {
  const out = path.join(folder, 'clip.mp4');
  await makeTestVideo({ out, frames: FRAMES });
  const content = paddedVideo(await readFile(out), BYTES);
  const { uploadId, partSize, urls } = parsed(await create('Rush hour', BYTES), 201, createdUpload);
  const files = await Promise.all(
    urls.map(async (_url, index) => {
      const file = path.join(folder, `part-${index + 1}`);
      await writeFile(file, content.subarray(index * partSize, (index + 1) * partSize));
      return file;
    }),
  );
  const lastBytes = content.length - (urls.length - 1) * partSize;
  const anHourAgo = new PartLinks(linkKey, () => new Date(Date.now() - 3_600_000));
  const expired = anHourAgo.sign(uploadId, urls.length, {
    expiresSeconds: PART_URL_SECONDS,
    bytes: lastBytes,
  });
  const refused = await put(`${stack.url}${expired}`, files[urls.length - 1]);
  const expiredUrls = refused.status === 403 && refused.body.includes('UPLOAD_URL_INVALID') ? 1 : 0;
  const refresh = await send('POST', `${UPLOADS}/${uploadId}/parts`, { parts: [urls.length] });
  const current = [...urls];
  for (const { partNumber, url } of parsed(refresh, 200, refreshedUrls).urls) current[partNumber - 1] = url;

  // The first and the last part are sent twice.
  const order = [0, ...current.keys(), current.length - 1];
  const etags = new Map<number, string>();
  for (const index of order) etags.set(index + 1, await sendPart(current[index], files[index]));
  const parts = [...etags].sort(([a], [b]) => a - b).map(([partNumber, etag]) => ({ partNumber, etag }));
  const first = await send('POST', `${UPLOADS}/${uploadId}/complete`, { parts });
  parsed(first, 201, z.unknown());
  // The answer was lost on its way: the request is repeated.
  const again = await send('POST', `${UPLOADS}/${uploadId}/complete`, { parts });
  if (again.body !== first.body) throw new Error(`the repeated completion differs: ${again.body}`);
  return { sha256: createHash('sha256').update(content).digest('hex'), sent: order.length, expiredUrls };
}

/** Creates an upload and sends its first part. */
async function begin(name: string, size: number): Promise<string> {
  const { uploadId, partSize, urls } = parsed(await create(name, size), 201, createdUpload);
  const file = path.join(folder, 'part-begun');
  await writeFile(file, Buffer.alloc(Math.min(size, partSize), 1));
  await sendPart(urls[0], file);
  return uploadId;
}

const filesBelow = async (name: string): Promise<number> =>
  (await readdir(path.join(data, name), { recursive: true, withFileTypes: true }).catch(() => [])).filter(
    (entry) => entry.isFile(),
  ).length;

/** How many uploads the worker ended, after it had time to. */
async function swept(ids: readonly string[]): Promise<number> {
  await stack.query("UPDATE uploads SET expires_at = now() - interval '1 second' WHERE id = ANY($1)", [ids]);
  for (let second = 0; ; second += 1) {
    const [{ ended }] = await stack.query<{ ended: number }>(
      "SELECT count(*)::int AS ended FROM uploads WHERE id = ANY($1) AND state = 'expired' AND NOT has_bytes",
      [ids],
    );
    if (ended === ids.length || second === SWEEP_SECONDS) return ended;
    await delay(1000);
  }
}

async function check(): Promise<boolean> {
  await signIn();
  const [{ granted }] = await stack.query<{ granted: string }>(
    'SELECT balance_micro::text AS granted FROM users WHERE email = $1',
    [EMAIL],
  );
  const whole = await uploadWhole();
  const aborted = await begin('Aborted', BYTES);
  const abortion = await send('DELETE', `${UPLOADS}/${aborted}`);
  const { upload } = parsed(await send('GET', `${UPLOADS}/${aborted}`), 200, storedUpload);
  const left: string[] = [];
  for (let index = 0; index < abandoned; index += 1)
    left.push(await begin(`Abandoned ${index}`, ABANDONED_BYTES));
  const partsBefore = await filesBelow('media/multipart');
  const refused = await create('Too much', REFUSED_BYTES);
  const ended = await swept(left);

  const media = await stack.query<{ sha256: string }>('SELECT sha256 FROM media');
  const [ledger] = await stack.query<{ charges: number; balance: string; rest: string }>(
    `SELECT count(*) FILTER (WHERE t.kind = 'upload')::int AS charges, max(u.balance_micro)::text AS balance,
            sum(t.delta_micro)::text AS rest
       FROM users u JOIN credit_transactions t ON t.user_id = u.id WHERE u.email = $1`,
    [EMAIL],
  );
  const [{ reserved }] = await stack.query<{ reserved: number }>(
    'SELECT count(*)::int AS reserved FROM upload_reservations',
  );
  const charged = Number(granted) - Number(ledger.balance);
  const partsAfter = await filesBelow('media/multipart');
  const filesLeft = (await filesBelow('media')) - partsAfter - media.length + (await filesBelow('tmp'));
  console.table([
    {
      MiB: BYTES / MIB,
      'parts sent': whole.sent,
      'expired URLs': whole.expiredUrls,
      'hash equal': media.length === 1 && media[0].sha256 === whole.sha256,
      charges: ledger.charges,
      credits: charged / CREDIT_MICRO,
      aborted: upload.state,
      swept: ended,
      'parts before': partsBefore,
      'parts left': partsAfter,
      'files left': filesLeft,
      reserved: reserved,
    },
  ]);
  console.log(`An upload beyond the quota is answered ${refused.status}: ${refused.body}`);
  return (
    whole.expiredUrls === 1 &&
    media.length === 1 &&
    media[0].sha256 === whole.sha256 &&
    ledger.charges === 1 &&
    charged === FRAMES * FRAME_MICRO &&
    ledger.balance === ledger.rest &&
    abortion.status === 204 &&
    upload.state === 'aborted' &&
    ended === abandoned &&
    partsBefore === abandoned &&
    partsAfter + filesLeft + reserved === 0 &&
    refused.status >= 400 &&
    refused.status < 500
  );
}

try {
  process.exitCode = (await check()) ? 0 : 1;
} finally {
  await end();
}
