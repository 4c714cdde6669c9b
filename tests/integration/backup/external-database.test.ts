import { cp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { ApiClient } from '../../../scripts/demo/api-client.js';
import { renderTestClip } from '../../factories/videos/render-clip.js';
import { hasRestic, runBackup } from '../../support/backup-command.js';
import { installedPostgres, startInstalledPostgres } from '../../support/installed-postgres.js';
import { execute, type PostgresServer } from '../../support/postgres-server.js';
import { makeStackFolder, startRunningStack, type RunningStack } from '../../support/running-stack.js';

const programs = installedPostgres();
/** Skipped without restic, or without a PostgreSQL of Debian or Ubuntu, whose pg_dump has the version of its server. */
const whenInstalled = hasRestic && programs !== null ? describe : describe.skip;

whenInstalled('backups of an external database by pg_dump of its version', () => {
  let folder: string;
  let server: PostgresServer;
  let stack: RunningStack;
  let mediaId: string;

  const databaseUrl = (): string => server.adminUrl.replace(/\/postgres$/, '/infernode');
  const settings = () => {
    const data = path.join(folder, 'data');
    return {
      DATA_DIR: data,
      MODELS_DIR: path.join(folder, 'models'),
      JWT_PRIVATE_KEY_PATH: path.join(data, 'keys', 'private.key'),
      JWT_PUBLIC_KEY_PATH: path.join(data, 'keys', 'public.key'),
      BACKUP_REPOSITORY: path.join(folder, 'repository'),
      BACKUP_PASSWORD: 'password of the repository',
      DATABASE_URL: databaseUrl(),
    };
  };
  const start = () => {
    const { DATA_DIR, ...extra } = settings();
    return startRunningStack(DATA_DIR, extra);
  };

  beforeAll(async () => {
    folder = await makeStackFolder('infernode-external-backup-');
    server = await startInstalledPostgres(programs ?? '');
    await execute(server.adminUrl, 'CREATE DATABASE infernode');
    const clip = path.join(folder, 'clip.mp4');
    await renderTestClip({ out: clip, seed: 7, frames: 12, width: 320, height: 240 });
    await cp('models', settings().MODELS_DIR, { recursive: true });
    stack = await start();
    const client = new ApiClient(stack.url);
    await client.signUp('user@example.com', 'a good password');
    const { dataset } = await client.post<{ dataset: { id: string } }>('/api/dataset', { name: 'clips' });
    mediaId = (await client.uploadVideo(dataset.id, clip, 'clip')).id;
  });
  afterAll(async () => {
    stack?.process.kill('SIGTERM');
    await stack?.exited;
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('are made while everything runs, and a second one is listed beside the first', async () => {
    expect(await runBackup(settings(), 'init')).toMatchObject({ status: 0 });
    for (let snapshot = 0; snapshot < 2; snapshot += 1)
      expect(await runBackup(settings(), 'create')).toMatchObject({
        status: 0,
        output: expect.stringContaining('Snapshot'),
      });
    const { output } = await runBackup(settings(), 'list', '--prefix', 'database');
    expect(output).toContain('toc.dat');
  });

  it('are not restored over a running installation', async () => {
    const refused = await runBackup(settings(), 'restore', '--mode', 'inplace');
    expect(refused).toMatchObject({ status: 1, output: expect.stringContaining('RESTORE_REFUSED') });
  });

  it('bring everything back after database and files were lost, and keep what was there', async () => {
    const [{ key }] = await stack.query<{ key: string }>(
      'SELECT storage_key AS key FROM media WHERE id = $1',
      [mediaId],
    );
    const file = path.join(settings().DATA_DIR, 'media', key.slice(-2), key);
    const bytes = await readFile(file);
    stack.process.kill('SIGTERM');
    await stack.exited;
    await execute(databaseUrl(), 'DELETE FROM dataset_items', 'DELETE FROM media');
    await rm(path.join(settings().DATA_DIR, 'media'), { recursive: true });

    const restored = await runBackup(settings(), 'restore', '--mode', 'inplace', '--verify');
    expect(restored).toEqual({
      status: 0,
      output: expect.stringMatching(/Media: 1 checked by SHA-256, 0 missing, 0 different/),
    });
    expect(await readFile(file)).toEqual(bytes);
    stack = await start();
    const client = new ApiClient(stack.url);
    await client.signIn('user@example.com', 'a good password');
    expect(await client.get<{ id: string }>(`/api/media/${mediaId}`)).toMatchObject({ id: mediaId });
    const databases = await stack.query<{ name: string }>('SELECT datname AS name FROM pg_database');
    expect(databases.map(({ name }) => name)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^infernode_before_/)]),
    );
  });
});
