import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { QueryTypes } from 'sequelize';
import sharp from 'sharp';
import { MediaProcessService } from '../../../src/services/media-process.service.js';
import type { ApiClient } from '../../support/api-client.js';
import { makeTestVideo } from '../../factories/videos/make-test-video.js';
import {
  openPreviewWorld,
  uploadAs,
  uploadTo,
  type PreviewWorld,
  type UploadedMedia,
} from './preview-world.js';

const ROUTE = '/api/admin/media/process';
const MAY = { from: '2026-05-01', to: '2026-05-31' };

let world: PreviewWorld;
let admin: ApiClient;
let owner: UploadedMedia;
/** Uploaded on the last millisecond of April, the first and last of May, and the first of June. */
let media: string[];
let sha256s: string[];

const rows = <Row extends object>(sql: string, bind: Record<string, unknown> = {}) =>
  world.api.persistence.database.sequelize.query<Row>(sql, { bind, type: QueryTypes.SELECT });

beforeAll(async () => {
  world = await openPreviewWorld();
  ({ client: admin } = await world.api.user('admin', 'admin'));
  const file = (name: string) => path.join(world.folder, 'clips', name);
  for (const index of [0, 1, 2]) {
    const create = { width: 30, height: 20 + index, channels: 3, background: 'teal' } as const;
    await sharp({ create })
      .png()
      .toFile(file(`${index}.png`));
  }
  await makeTestVideo({ out: file('clip.mp4'), frames: 5 });
  owner = await uploadAs(world, 'owner', file('0.png'), 'image');
  const uploaded = [owner];
  for (const [name, kind] of [
    ['1.png', 'image'],
    ['clip.mp4', 'video'],
    ['2.png', 'image'],
  ] as const)
    uploaded.push({ ...owner, ...(await uploadTo(owner, file(name), kind)) });
  media = uploaded.map(({ mediaId }) => mediaId);
  sha256s = uploaded.map(({ sha256 }) => sha256);
  const times = [
    '2026-04-30T23:59:59.999Z',
    '2026-05-01T00:00:00.000Z',
    '2026-05-31T23:59:59.999Z',
    '2026-06-01T00:00:00.000Z',
  ];
  for (const [index, at] of times.entries())
    await rows('UPDATE media SET created_at = $at WHERE id = $id RETURNING id', { id: media[index], at });
  // As if an earlier version had stored them.
  await rows('DELETE FROM media_previews RETURNING kind');
});
afterAll(() => world.close());

const plan = () => new MediaProcessService(world.api.persistence.unitOfWork).plan();

const statuses = async (sha256: string): Promise<string[]> =>
  (await world.previewsOf(sha256)).map(({ kind, status }) => `${kind} ${status}`);

describe('reprocessing by days', () => {
  let id: string;

  it('counts without queueing anything', async () => {
    const answer = await admin.post(`${ROUTE}?dryRun=true`, {
      ...MAY,
      steps: ['thumbnail', 'md5', 'filmstrip'],
    });
    expect([answer.status, answer.json]).toEqual([
      200,
      { dryRun: true, media: 2, queued: 5, ready: 0, waiting: 0 },
    ]);
    expect(await world.previewsOf(sha256s[1])).toEqual([]);
  });

  it('queues the wanted previews of media of those days in UTC, both included', async () => {
    const answer = await admin.post(ROUTE, { ...MAY, steps: ['thumbnail', 'md5', 'filmstrip'] });
    expect(answer.status).toBe(202);
    id = String(answer.at('id'));
    expect(answer.headers.get('location')).toBe(`${ROUTE}/${id}`);
    expect((await admin.get(`${ROUTE}/${id}`)).json).toMatchObject({ planned: false, finished: false });
    await plan();
    expect(await statuses(sha256s[0])).toEqual([]);
    expect(await statuses(sha256s[1])).toEqual(['thumbnail pending', 'md5 pending']);
    expect(await statuses(sha256s[2])).toEqual(['thumbnail pending', 'filmstrip pending', 'md5 pending']);
    expect(await statuses(sha256s[3])).toEqual([]);
    await world.makeAll();
    expect((await admin.get(`${ROUTE}/${id}`)).json).toMatchObject({
      ...MAY,
      media: 2,
      queued: 5,
      ready: 0,
      planned: true,
      finished: true,
      progress: { pending: 0, done: 5, failed: 0 },
      failures: [],
    });
  });

  it('queues nothing when it is repeated, and everything again when that is asked for', async () => {
    const steps = ['thumbnail', 'md5', 'filmstrip'];
    const again = await admin.post(ROUTE, { ...MAY, steps });
    await plan();
    expect(await world.makeAll()).toEqual([]);
    expect((await admin.get(`${ROUTE}/${String(again.at('id'))}`)).json).toMatchObject({
      queued: 0,
      ready: 5,
      finished: true,
    });
    const files = (await world.api.storedFiles()).length;
    const remade = await admin.post(ROUTE, { ...MAY, steps, remake: true });
    await plan();
    // What is being made again is sent as it was.
    expect((await owner.client.get(`/api/media/${media[2]}/thumbnail`)).status).toBe(200);
    expect(await world.makeAll()).toHaveLength(2);
    expect((await admin.get(`${ROUTE}/${String(remade.at('id'))}`)).json).toMatchObject({
      queued: 5,
      progress: { done: 5 },
    });
    expect((await world.api.storedFiles()).length).toBe(files);
  });

  it('continues where a worker was lost, and reports failures', async () => {
    await rows('UPDATE media SET created_at = $at WHERE id = $id RETURNING id', {
      id: media[0],
      at: '2026-05-02T00:00:00Z',
    });
    const [{ key }] = await rows<{ key: string }>('SELECT storage_key AS key FROM media WHERE id = $id', {
      id: media[0],
    });
    await world.blobs.remove(key);
    const request = { ...MAY, steps: ['md5', 'proxy'], datasetId: owner.datasetId };
    const run = String((await admin.post(ROUTE, request)).at('id'));
    const one = () => world.api.persistence.unitOfWork.run(({ mediaProcess }) => mediaProcess.planNext(1));
    expect(await one()).toBe(true);
    expect((await admin.get(`${ROUTE}/${run}`)).json).toMatchObject({ media: 1, planned: false });
    await plan();
    await world.makeAll();
    expect((await admin.get(`${ROUTE}/${run}`)).json).toMatchObject({
      media: 3,
      queued: 2,
      ready: 2,
      finished: true,
      progress: { pending: 0, done: 1, failed: 1 },
      failures: [{ mediaId: media[0], step: 'md5', code: 'MEDIA_MISSING' }],
    });
    const listed = await admin.get(`${ROUTE}?limit=1`);
    expect(listed.at('runs.0.id')).toBe(run);
    expect(listed.at('nextCursor')).not.toBeNull();
  });

  it('is for admins, and refuses days that are none', async () => {
    expect((await owner.client.post(ROUTE, MAY)).status).toBe(403);
    const cases: [body: object, pointer: string][] = [
      [{ from: '2026-02-30', to: '2026-05-31' }, '/from'],
      [{ from: '2026-06-01', to: '2026-05-31' }, '/to'],
      [{ ...MAY, steps: [] }, '/steps'],
      [{ ...MAY, steps: ['hologram'] }, '/steps/0'],
    ];
    for (const [body, pointer] of cases) {
      const answer = await admin.post(ROUTE, body);
      expect([answer.status, answer.at('errors.0.pointer')]).toEqual([400, pointer]);
    }
    const unknown = await admin.post(ROUTE, { ...MAY, datasetId: media[0] });
    expect([unknown.status, unknown.at('code')]).toEqual([404, 'NOT_FOUND']);
  });
});

describe('npm run script -- process-media', () => {
  const command = (args: readonly string[], env: Record<string, string> = {}) =>
    promisify(execFile)(process.execPath, [path.resolve('dist/scripts/process-media.js'), ...args], {
      env: { PATH: process.env.PATH, ...env },
    }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
        code,
        stdout,
        stderr,
      }),
    );
  const days = ['--from', MAY.from, '--to', MAY.to];

  it('works on a server with an API key, and reports what failed', async () => {
    const key = await admin.post('/api/keys', { name: 'processing', scopes: ['admin'] });
    const env = {
      PROCESS_VIDEO_SERVER_URL: world.api.url,
      INFERNODE_API_KEY: String(key.at('secret')),
    };
    const dry = await command([...days, '--steps', 'poster,md5', '--dry-run'], env);
    expect(dry).toEqual({
      code: 0,
      stdout: '3 media; 2 previews would be queued, 2 are ready, 0 are waiting.\n',
      stderr: '',
    });
    const started = await command([...days, '--steps', 'poster,md5', '--no-wait'], env);
    const [, run] = /Run (\S+) was started/.exec(started.stdout) ?? [];
    await plan();
    await world.makeAll();
    const report = await command(['--run', run], env);
    expect([report.code, report.stderr]).toEqual([1, '']);
    expect(report.stdout).toContain('2 previews queued, 2 were ready, 0 were waiting already.');
    expect(report.stdout).toContain('1 done, 1 failed, 0 pending.');
    expect(report.stdout).toContain(`media ${media[0]} "`);
    const refused = await command([...days, '--dry-run'], { ...env, INFERNODE_API_KEY: 'wrong' });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('answered 401');
  });

  it('works on the database of this installation', async () => {
    const env = { DATABASE_URL: world.api.persistence.database.url, DATA_DIR: world.folder };
    const dry = await command([...days, '--steps', 'thumbnail', '--dry-run'], env);
    expect(dry.stdout).toBe('3 media; 1 previews would be queued, 2 are ready, 0 are waiting.\n');
  });

  it('says which argument is wrong', async () => {
    const wrong = await command(['--from', '2026-13-01', '--to', MAY.to, '--steps', 'x']);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('--from:');
    expect(wrong.stderr).toContain('--steps:');
  });
});
