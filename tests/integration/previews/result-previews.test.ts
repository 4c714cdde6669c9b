import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { indexZip, mediaAmong } from '../../../src/media/zip-index.js';
import { writeZip } from '../../../src/media/zip-writer.js';
import { RetentionService } from '../../../src/services/retention.service.js';
import { ffmpeg, numberedFrames, numberOf } from '../../factories/videos/clips.js';
import type { ApiClient } from '../../support/api-client.js';
import { addVideos, completeJob } from '../../support/api-seeds.js';
import { openPreviewWorld, uploadTo, VIDEO_LINKS, type PreviewWorld } from './preview-world.js';

const FRAMES = 130;

let world: PreviewWorld;
let zipPath: string;
let clip: string;
let picture: string;
/** The user of the first tests, whose result stays. */
let holder: Owner;

beforeAll(async () => {
  world = await openPreviewWorld();
  const file = (name: string): string => path.join(world.folder, 'clips', name);
  [zipPath, clip, picture] = [file('result.zip'), file('filled.mp4'), file('sheet.png')];
  await ffmpeg(...numberedFrames(FRAMES), '-c:v', 'libx264', '-preset', 'ultrafast', clip);
  await sharp({ create: { width: 400, height: 200, channels: 3, background: '#208040' } })
    .png()
    .toFile(picture);
  await writeFile(file('result.json'), '{}');
  await writeZip(zipPath, [
    { name: 'result.json', path: file('result.json') },
    { name: 'filled.mp4', path: clip },
    { name: 'matches/frame-000001.png', path: picture },
  ]);
});
afterAll(() => world.close());

interface Owner {
  readonly client: ApiClient;
  readonly token: string;
  readonly datasetId: string;
  readonly jobId: string;
}

/** A user with a finished job. */
async function finished(name: string): Promise<Owner> {
  const { client, user, token } = await world.api.user(name);
  const { unitOfWork } = world.api.persistence;
  const datasetId = String((await client.post('/api/dataset', { name: 'Walls' })).at('dataset.id'));
  await addVideos(unitOfWork, { datasetId, userId: user.id }, 1);
  const parameters = { startFrame: 0, endFrame: 10, goalFrameId: 0, frameStep: 1, detector: 'ORB' };
  const created = await client.post('/api/inference', { datasetId, range: '0-0', parameters });
  const jobId = String(created.at('jobId.0'));
  await completeJob(unitOfWork, jobId, await readFile(zipPath), mediaAmong(await indexZip(zipPath)));
  return { client, token, datasetId, jobId };
}

const sha256Of = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

async function fetched(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url.startsWith('/') ? `${world.api.url}${url}` : url, { headers });
  const body = Buffer.from(await response.arrayBuffer());
  return { status: response.status, type: response.headers.get('content-type'), body };
}

/** One round of a worker that removes what is due. */
async function purge(): Promise<void> {
  const days = { trash: 0, results: 0, events: 0, audit: 0 };
  const retention = new RetentionService(world.api.persistence.unitOfWork, world.blobs, days);
  await retention.purgeRows();
  await retention.removeFiles();
  await world.sweep.runOnce();
}

describe('previews of the images and videos of a result', () => {
  let owner: Owner;
  const at = (rest = ''): string => `/api/jobs/${owner.jobId}/media${rest}`;

  beforeAll(async () => {
    owner = await finished('filler');
    holder = owner;
  });

  it('are pending with the result', async () => {
    const listed = await owner.client.get(at());
    expect(listed.json).toMatchObject({
      media: [
        {
          position: 0,
          name: 'filled.mp4',
          kind: 'video',
          previews: { proxy: 'pending' },
          thumbnailUrl: null,
        },
        {
          position: 1,
          name: 'matches/frame-000001.png',
          kind: 'image',
          previews: { thumbnail: 'pending', poster: 'none' },
        },
      ],
      nextCursor: null,
    });
    const early = await owner.client.get(at('/0/poster'));
    expect([early.status, early.at('code')]).toEqual([409, 'PREVIEW_PENDING']);
  });

  it('are made from the ZIP, and reached by links that work without a token', async () => {
    expect(await world.makeAll()).toEqual(
      expect.arrayContaining([await sha256Of(clip), await sha256Of(picture)]),
    );
    const video = await owner.client.get(at('/0'));
    expect(video.json).toMatchObject({
      sha256: await sha256Of(clip),
      previews: {
        thumbnail: { status: 'ready', error: null },
        poster: { status: 'ready', file: { type: 'image/jpeg', width: 64, height: 48 } },
        filmstrip: { status: 'ready', frames: 3 },
        proxy: { status: 'ready', codec: 'h264', sound: false },
        md5: { status: 'ready' },
      },
    });
    for (const [link, type] of VIDEO_LINKS) {
      const url = String(video.at(link));
      const answer = await fetched(url);
      expect([link, answer.status, answer.type]).toEqual([link, 200, type]);
      expect((await fetched(url.replace('/media/0', '/media/1'))).status).toBe(403);
    }
    expect((await fetched(String(video.at('contentUrl')))).body).toEqual(await readFile(clip));
    const part = await fetched(String(video.at('contentUrl')), { range: 'bytes=100-199' });
    expect([part.status, part.body]).toEqual([206, (await readFile(clip)).subarray(100, 200)]);
  });

  it('have the frames of the filmstrip at their places', async () => {
    const index = await owner.client.get(at('/0/filmstrip'));
    expect((index.at('frames') as { index: number }[]).map(({ index: frame }) => frame)).toEqual([
      0, 100, 129,
    ]);
    const frame = await fetched(String(index.at('frames.2.url')));
    expect(numberOf(await sharp(frame.body).greyscale().raw().toBuffer())).toBe(129 % 100);
    expect((await fetched(String(index.at('sheets.0')))).type).toBe('image/jpeg');
    expect((await owner.client.get(at('/0/filmstrip/3'))).status).toBe(404);
  });

  it('are thumbnails alone for an image', async () => {
    const image = await owner.client.get(at('/1'));
    const files = image.at('previews.thumbnail.files') as { width: number; height: number; url: string }[];
    expect(files.map(({ width, height }) => [width, height])).toEqual([
      ...Array<number[]>(2).fill([160, 80]),
      ...Array<number[]>(2).fill([320, 160]),
      ...Array<number[]>(2).fill([400, 200]),
    ]);
    const none = await owner.client.get(at('/1/poster'));
    expect([none.status, none.at('code')]).toEqual([404, 'PREVIEW_NONE']);
  });

  it('are paged', async () => {
    const first = await owner.client.get(at('?limit=1'));
    expect(first.at('media')).toHaveLength(1);
    const next = await owner.client.get(at(`?limit=1&cursor=${String(first.at('nextCursor'))}`));
    expect([next.at('media.0.position'), next.at('nextCursor')]).toEqual([1, null]);
    const made = await owner.client.get(at('?cursor=x'));
    expect([made.status, made.at('errors.0.code')]).toEqual([400, 'INVALID_CURSOR']);
  });

  it('do not exist for other users, nor beyond the last file, nor before a result', async () => {
    const stranger = (await world.api.user('stranger')).client;
    for (const rest of ['', '/0', '/0/content', '/0/thumbnail', '/0/poster', '/0/filmstrip', '/0/proxy']) {
      const answer = await stranger.get(at(rest));
      expect([rest, answer.status, answer.at('code')]).toEqual([rest, 404, 'NOT_FOUND']);
    }
    expect((await owner.client.get(at('/2'))).status).toBe(404);
    const { datasetId } = owner;
    const parameters = { startFrame: 0, endFrame: 10, goalFrameId: 0, frameStep: 1, detector: 'ORB' };
    const waiting = await owner.client.post('/api/inference', { datasetId, range: '0-0', parameters });
    const answer = await owner.client.get(`/api/jobs/${String(waiting.at('jobId.0'))}/media`);
    expect([answer.status, answer.at('code')]).toEqual([409, 'RESULT_NOT_READY']);
  });
});

describe('the files of previews of results', () => {
  it('are shared by equal contents, and removed with the last one', async () => {
    const first = await finished('first');
    const second = await finished('second');
    await world.makeAll();
    const uploaded = await uploadTo(first, clip);
    expect(uploaded.sha256).toBe(await sha256Of(clip));
    expect(await world.makeAll()).toEqual([]);

    for (const { client, jobId } of [first, second]) await client.delete(`/api/jobs/${jobId}/result`);
    const gone = await first.client.get(`/api/jobs/${first.jobId}/media`);
    expect([gone.status, gone.at('code')]).toEqual([410, 'RESULT_GONE']);
    await purge();
    // The result of another user still has both.
    expect(await world.previewsOf(await sha256Of(picture))).not.toEqual([]);

    const { client, jobId } = holder;
    const files = (await world.api.storedFiles()).length;
    await client.delete(`/api/jobs/${jobId}/result`);
    await purge();
    expect(await world.previewsOf(await sha256Of(picture))).toEqual([]);
    // Six thumbnails of the image; the clip is still stored as a media.
    expect((await world.api.storedFiles()).length).toBe(files - 6);
    expect(await world.previewsOf(await sha256Of(clip))).not.toEqual([]);
  });

  it('are made of a result in the trash, which can be restored', async () => {
    const { client, jobId } = await finished('keeper');
    await client.delete(`/api/jobs/${jobId}/result`);
    await world.makeAll();
    expect((await client.post(`/api/trash/result/${jobId}/restore`, {})).status).toBe(200);
    const listed = await client.get(`/api/jobs/${jobId}/media`);
    expect(listed.at('media.1.previews.thumbnail')).toBe('ready');
  });
});
