/**
 * `npm run soak:backup-growth -- [--mb 1500]`: uploads videos of this many MiB altogether, stores two snapshots with nothing
 * changed in between, and measures the repository. Exits 1 when the second one adds 1 % or more. Needs restic.
 */
import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ApiClient } from '../../scripts/demo/api-client.js';
import { makeTestVideo } from '../factories/videos/make-test-video.js';
import { paddedVideo } from '../factories/videos/padded-video.js';
import { runBackup } from '../support/backup-command.js';
import { startSoakStack } from './soak-stack.js';

const { values: flags } = parseArgs({ options: { mb: { type: 'string', default: '1500' } } });
const MIB = 2 ** 20;
const FILE_MIB = 100;
const MAX_SHARE = 0.01;
const files = Math.max(1, Math.round(Number(flags.mb) / FILE_MIB));

const limits = { UPLOAD_PER_USER_AND_DAY_MB: '0', STORAGE_PER_USER_MB: '0' };
const { stack, folder, end } = await startSoakStack('infernode-backup-growth-', limits);
const data = path.join(folder, 'data');
const repository = path.join(folder, 'repository');

/** @throws Error with what the command printed, unless it succeeded */
async function backup(command: string): Promise<void> {
  const settings = {
    DATA_DIR: data,
    JWT_PRIVATE_KEY_PATH: path.join(data, 'keys', 'private.key'),
    JWT_PUBLIC_KEY_PATH: path.join(data, 'keys', 'public.key'),
    BACKUP_REPOSITORY: repository,
    BACKUP_PASSWORD: 'a good password',
  };
  const { status, output } = await runBackup(settings, command);
  if (status !== 0) throw new Error(output);
}

async function repositoryBytes(): Promise<number> {
  const entries = await readdir(repository, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => stat(path.join(entry.parentPath, entry.name)).then(({ size }) => size)),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Uploads videos whose bytes cannot be compressed. */
async function uploadAll(): Promise<void> {
  const client = new ApiClient(stack.url);
  await client.signUp('backups@example.com', 'a good password');
  const { dataset } = await client.post<{ dataset: { id: string } }>('/api/dataset', {
    name: 'Clips',
    tags: [],
  });
  const out = path.join(folder, 'clip.mp4');
  await makeTestVideo({ out, frames: 10 });
  const clip = await readFile(out);
  for (let index = 0; index < files; index += 1) {
    const content = paddedVideo(clip, FILE_MIB * MIB);
    randomBytes((FILE_MIB - 1) * MIB).copy(content, MIB);
    await writeFile(out, content);
    await client.uploadVideo(dataset.id, out, `clip ${index}`);
  }
}

try {
  await uploadAll();
  await backup('init');
  await backup('create');
  const first = await repositoryBytes();
  await backup('create');
  const added = (await repositoryBytes()) - first;
  const mebibytes = (bytes: number): string => (bytes / MIB).toFixed(1);
  console.table([
    {
      'media MiB': files * FILE_MIB,
      'first MiB': mebibytes(first),
      'added MiB': mebibytes(added),
      'added %': ((100 * added) / first).toFixed(2),
    },
  ]);
  process.exitCode = added / first < MAX_SHARE ? 0 : 1;
} finally {
  await end();
}
