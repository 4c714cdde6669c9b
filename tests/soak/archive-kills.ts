/**
 * `npm run soak:archive-kills -- [--kills 20] [--images 60]`: imports the archive of a dataset again and again and kills the api
 * process with SIGKILL at a random moment of each import. Afterwards every dataset must be complete or not exist, the charges
 * must be those of the complete ones, and nothing else may be left: no temporary file, no dataset without files, no file
 * without a row once a worker has removed those that were stored a day ago. Exits 1 otherwise.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { ApiClient } from '../../scripts/demo/api-client.js';
import { startSoakStack } from './soak-stack.js';

const { values: flags } = parseArgs({
  options: { kills: { type: 'string', default: '20' }, images: { type: 'string', default: '60' } },
});
const [kills, images] = [Number(flags.kills), Number(flags.images)];
const SIDE = 200;
/** The worker and the next api process remove what a killed one left. */
const SETTLE_SECONDS = 30;

const { stack, folder, end } = await startSoakStack('infernode-archive-kills-', {
  UPLOAD_PER_USER_AND_DAY_MB: '0',
  STORAGE_PER_USER_MB: '0',
});
const data = path.join(folder, 'data');

async function send(
  route: string,
  file: Buffer,
  token: string,
  fields: Record<string, string>,
): Promise<Response | null> {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  body.set('content', new Blob([new Uint8Array(file)]), 'file');
  try {
    const response = await fetch(`${stack.url}${route}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body,
    });
    await response.arrayBuffer();
    return response;
  } catch {
    return null;
  }
}

async function untilServed(): Promise<void> {
  while (
    !(await fetch(`${stack.url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ))
  )
    await delay(100);
}

const filesBelow = async (name: string): Promise<number> =>
  (await readdir(path.join(data, name), { recursive: true, withFileTypes: true }).catch(() => [])).filter(
    (entry) => entry.isFile(),
  ).length;

/** Files of temporary folders, after their owners had time to remove them. */
async function temporaryFiles(): Promise<number> {
  for (let second = 0; ; second += 1) {
    const left = (await filesBelow('tmp')) + (await filesBelow('imports'));
    if (left === 0 || second === SETTLE_SECONDS) return left;
    await delay(1000);
  }
}

/** Stored files without a row, after the worker had time to remove them. */
async function orphansLeft(rows: number): Promise<number> {
  for (let second = 0; ; second += 1) {
    const left = (await filesBelow('media')) - rows;
    if (left === 0 || second === SETTLE_SECONDS) return left;
    await delay(1000);
  }
}

async function run(): Promise<boolean> {
  const client = new ApiClient(stack.url);
  await client.signUp('archives@example.com', 'a good password');
  const { dataset } = await client.post<{ dataset: { id: string } }>('/api/dataset', {
    name: 'source',
    tags: [],
  });
  for (let index = 0; index < images; index += 1) {
    const pixels = Buffer.alloc(SIDE * SIDE * 3, index);
    const raw = { width: SIDE, height: SIDE, channels: 3 as const };
    const png = await sharp(pixels, { raw }).png().toBuffer();
    await send(`/api/dataset/${dataset.id}/images`, png, client.accessToken, { name: `image ${index}` });
  }
  const archive = path.join(folder, 'source.zip');
  await client.download(`/api/dataset/${dataset.id}/archive`, archive);
  const zip = await readFile(archive);
  const token = client.accessToken;
  const start = performance.now();
  const whole = await send('/api/dataset/archive', zip, token, { name: 'whole' });
  if (whole?.status !== 201) throw new Error(`the import answered ${String(whole?.status)}`);
  const durationMs = performance.now() - start;

  let acknowledged = 1;
  for (let kill = 0; kill < kills; kill += 1) {
    const importing = send('/api/dataset/archive', zip, token, { name: `import ${kill}` });
    await delay(Math.random() * durationMs);
    for (const pid of stack.children().api) process.kill(pid, 'SIGKILL');
    if ((await importing)?.status === 201) acknowledged += 1;
    await untilServed();
  }
  return check(acknowledged);
}

async function check(acknowledged: number): Promise<boolean> {
  const [counts] = await stack.query<Record<'complete' | 'partial' | 'charges' | 'rows', number>>(
    `WITH imported AS (
       SELECT d.id, count(m.id)::int AS files FROM datasets d LEFT JOIN media m ON m.dataset_id = d.id
        WHERE d.name <> 'source' AND d.user_id = (SELECT id FROM users WHERE email = 'archives@example.com') GROUP BY d.id)
     SELECT count(*) FILTER (WHERE files = $1)::int AS complete, count(*) FILTER (WHERE files <> $1)::int AS partial,
            (SELECT count(*)::int FROM credit_transactions t JOIN users u ON u.id = t.user_id
              WHERE u.email = 'archives@example.com' AND t.kind = 'upload') - $1::int AS charges,
            (SELECT count(*)::int FROM media) AS rows FROM imported`,
    [images],
  );
  const [{ balanced }] = await stack.query<{ balanced: boolean }>(
    `SELECT bool_and(u.balance_micro = (SELECT sum(delta_micro) FROM credit_transactions t WHERE t.user_id = u.id)) AS balanced
       FROM users u`,
  );
  const temporary = await temporaryFiles();
  const orphans = (await filesBelow('media')) - counts.rows;
  await stack.query("UPDATE arriving_files SET announced_at = announced_at - interval '25 hours'");
  const left = await orphansLeft(counts.rows);
  const listed = await stack.query('SELECT storage_key FROM arriving_files');
  console.table([
    {
      kills,
      acknowledged,
      ...counts,
      balanced,
      temporary,
      orphans,
      'a day later': left,
      listed: listed.length,
    },
  ]);
  const lost = acknowledged > counts.complete;
  const paidOnce = counts.charges === counts.complete && balanced;
  return !lost && paidOnce && counts.partial === 0 && temporary === 0 && left === 0 && listed.length === 0;
}

try {
  process.exitCode = (await run()) ? 0 : 1;
} finally {
  await end();
}
