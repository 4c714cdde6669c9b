/**
 * `npm run soak:storage-migration -- [--media 1000]`: moves media from the disk to S3 and back, by the command of the product
 * on a stack of its own, while clients upload and download. Prints what was moved and what clients saw; exits 1 when a request
 * failed, a file was lost, or a hash differs. Needs a Python with moto, see INFERNODE_PYTHON.
 */
import { execFile } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import sharp from 'sharp';
import { makeStackFolder, startRunningStack, type RunningStack } from '../support/running-stack.js';
import { startS3Server } from '../support/s3-server.js';

const run = promisify(execFile);
const { values: flags } = parseArgs({ options: { media: { type: 'string', default: '1000' } } });
const count = Number(flags.media);
const SIZE = 48;
const UPLOADERS = 2;
const DOWNLOADERS = 3;
const SEEDERS = 4;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A client that remembers what it uploaded. */
class Client {
  readonly stored: { readonly id: string; readonly sha256: string }[] = [];
  #url = '';
  #token = '';
  #dataset = '';
  uploads = 0;
  downloads = 0;
  differing = 0;
  readonly failures: string[] = [];

  async open(url: string): Promise<void> {
    this.#url = url;
    const account = { email: 'soak@example.com', password: 'a good password' };
    if (this.#dataset === '') await this.#json('/api/auth/register', account);
    this.#token = (await this.#json<{ token: string }>('/api/auth/login', account)).token;
    if (this.#dataset !== '') return;
    const { dataset } = await this.#json<{ dataset: { id: string } }>('/api/dataset', { name: 'soak' });
    this.#dataset = dataset.id;
  }

  async upload(): Promise<void> {
    const raw = { width: SIZE, height: SIZE, channels: 3 as const };
    const image = await sharp(randomBytes(SIZE * SIZE * 3), { raw })
      .png()
      .toBuffer();
    const form = new FormData();
    form.set('name', randomUUID());
    form.set('content', new Blob([new Uint8Array(image)]), 'image.png');
    const body = { method: 'POST', body: form };
    const { id } = (await (await this.#send(`/api/dataset/${this.#dataset}/images`, body)).json()) as {
      id: string;
    };
    // Images are stored as PNGs of the server's own.
    const media = (await (await this.#send(`/api/media/${id}`, {})).json()) as { sha256: string };
    this.stored.push({ id, sha256: media.sha256 });
    this.uploads += 1;
  }

  async download(index = Math.floor(Math.random() * this.stored.length)): Promise<void> {
    const { id, sha256: expected } = this.stored[index];
    const response = await this.#send(`/api/media/${id}/content`, {});
    if (sha256(new Uint8Array(await response.arrayBuffer())) !== expected) this.differing += 1;
    this.downloads += 1;
  }

  /** Repeats `work` until `isOver`; a failure is counted. */
  async repeat(work: () => Promise<void>, isOver: () => boolean): Promise<void> {
    while (!isOver()) await work().catch((error: unknown) => this.failures.push(String(error)));
  }

  async #json<Body>(target: string, body: unknown): Promise<Body> {
    const headers = { 'content-type': 'application/json' };
    return (await (
      await this.#send(target, { method: 'POST', headers, body: JSON.stringify(body) })
    ).json()) as Body;
  }

  async #send(target: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#token !== '') headers.set('authorization', `Bearer ${this.#token}`);
    const response = await fetch(new URL(target, this.#url), { ...init, headers });
    if (!response.ok) throw new Error(`${target} answered ${response.status}: ${await response.text()}`);
    return response;
  }
}

async function filesOnDisk(data: string): Promise<number> {
  const entries = await readdir(path.join(data, 'media'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
}

/** Ends a stack. */
async function stop(stack: RunningStack): Promise<void> {
  stack.process.kill('SIGTERM');
  await stack.exited;
}

const server = await startS3Server('soak/');
const folder = await makeStackFolder('infernode-migration-');
const data = path.join(folder, 'data');
const { STORAGE: _kind, ...bucket } = server.environment;
const client = new Client();

/** Migrates under load, then compares every file. @returns the row to print */
async function migrate(to: 'disk' | 's3') {
  const settings = { ...bucket, STORAGE: to, STORAGE_FALLBACK: to === 's3' ? 'disk' : 's3' };
  const stack = await startRunningStack(data, settings);
  try {
    await client.open(stack.url);
    const before = { files: client.stored.length, uploads: client.uploads, downloads: client.downloads };
    let isOver = false;
    const load = [
      ...Array.from({ length: UPLOADERS }, () =>
        client.repeat(
          () => client.upload(),
          () => isOver,
        ),
      ),
      ...Array.from({ length: DOWNLOADERS }, () =>
        client.repeat(
          () => client.download(),
          () => isOver,
        ),
      ),
    ];
    const started = performance.now();
    const args = [path.resolve('dist', 'scripts', 'storage.js'), 'migrate', '--to', to, '--remove-source'];
    const env = { ...process.env, ...settings, DATA_DIR: data };
    const { stdout } = await run(process.execPath, args, { env }).finally(() => (isOver = true));
    const seconds = Math.round((performance.now() - started) / 1000);
    await Promise.all(load);
    process.stdout.write(stdout);
    const during = {
      uploads: client.uploads - before.uploads,
      downloads: client.downloads - before.downloads,
    };
    for (let index = 0; index < client.stored.length; index += 1)
      await client.download(index).catch((error: unknown) => client.failures.push(String(error)));
    return { to, files: before.files, seconds, ...during, 'left on disk': await filesOnDisk(data) };
  } finally {
    await stop(stack);
  }
}

try {
  const seeding = await startRunningStack(data, {});
  await client.open(seeding.url);
  const seeded = (): boolean => client.stored.length >= count;
  await Promise.all(Array.from({ length: SEEDERS }, () => client.repeat(() => client.upload(), seeded)));
  await stop(seeding);
  const rows = [await migrate('s3'), await migrate('disk')];
  console.table(rows);
  const { failures, differing, stored } = client;
  console.log(`${stored.length} files, ${failures.length} requests failed, ${differing} hashes differ.`);
  for (const failure of failures.slice(0, 10)) console.log(`  ${failure}`);
  if (failures.length > 0 || differing > 0 || rows[0]['left on disk'] > 0) process.exitCode = 1;
} finally {
  await server.close();
  await rm(folder, { recursive: true, force: true });
}
