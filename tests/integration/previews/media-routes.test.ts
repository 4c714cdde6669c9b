import { readFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { ffmpeg, numberedFrames, numberOf } from '../../factories/videos/clips.js';
import {
  openPreviewWorld,
  uploadAs,
  uploadTo,
  VIDEO_LINKS,
  type PreviewWorld,
  type UploadedMedia,
} from './preview-world.js';

const FRAMES = 130;

let world: PreviewWorld;
let media: UploadedMedia;
let other: UploadedMedia;
let image: string;
let clip: string;

beforeAll(async () => {
  world = await openPreviewWorld();
  clip = path.join(world.folder, 'clips', 'numbered.mp4');
  await ffmpeg(...numberedFrames(FRAMES), '-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '8', clip);
  image = path.join(world.folder, 'clips', 'Amber.png');
  const background = { r: 255, g: 190, b: 0 };
  await sharp({ create: { width: 400, height: 300, channels: 3, background } })
    .png()
    .toFile(image);
  media = await uploadAs(world, 'owner', clip);
  other = await uploadAs(world, 'stranger', image, 'image');
});
afterAll(() => world.close());

const at = (rest = ''): string => `/api/media/${media.mediaId}${rest}`;

/** A response with the bytes of its body. */
async function fetched(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url.startsWith('/') ? `${world.api.url}${url}` : url, { headers });
  return {
    status: response.status,
    headers: response.headers,
    body: Buffer.from(await response.arrayBuffer()),
  };
}

const asOwner = (url: string, headers: Record<string, string> = {}) =>
  fetched(url, { authorization: `Bearer ${media.token}`, ...headers });

describe('a media whose previews are not ready', () => {
  it('says so, and when to ask again', async () => {
    const answer = await media.client.get(at('/thumbnail'));
    expect([answer.status, answer.at('code')]).toEqual([409, 'PREVIEW_PENDING']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    const details = await media.client.get(at());
    expect(details.json).toMatchObject({
      frameCount: FRAMES,
      md5: null,
      previews: { thumbnail: { status: 'pending', files: [] }, proxy: { status: 'pending', file: null } },
    });
  });
});

describe('a media with previews', () => {
  beforeAll(async () => void (await world.makeAll()));

  it('has links to all of them, which work without a token', async () => {
    const details = await media.client.get(at());
    expect(details.json).toMatchObject({
      kind: 'video',
      role: 'source',
      fps: 25,
      previews: {
        thumbnail: { status: 'ready', error: null },
        poster: { status: 'ready', file: { type: 'image/jpeg', width: 64, height: 48 } },
        filmstrip: { status: 'ready', frames: 3 },
        proxy: { status: 'ready', codec: 'h264', sound: false, file: { type: 'video/mp4' } },
      },
    });
    for (const [link, type] of VIDEO_LINKS) {
      const answer = await fetched(String(details.at(link)));
      expect([link, answer.status, answer.headers.get('content-type')]).toEqual([link, 200, type]);
      const moved = String(details.at(link)).replace(media.mediaId, other.mediaId);
      expect((await fetched(moved)).status).toBe(403);
    }
    expect((await asOwner(at('/content'))).body).toEqual(await readFile(clip));
  });

  it('are shown in place, cached, and sent in ranges', async () => {
    const whole = await asOwner(at('/proxy'));
    expect(whole.headers.get('content-disposition')).toBe('inline; filename=numbered.mp4-proxy.mp4');
    expect(whole.headers.get('cache-control')).toBe('private, max-age=900, no-transform');
    const part = await asOwner(at('/proxy'), { range: 'bytes=10-19' });
    expect([part.status, part.body]).toEqual([206, whole.body.subarray(10, 20)]);
    const again = await asOwner(at('/proxy'), { 'if-none-match': whole.headers.get('etag') ?? '' });
    expect(again.status).toBe(304);
    expect((await asOwner(at('/proxy'), { range: 'bytes=99999999-' })).status).toBe(416);
    expect((await asOwner(at('/poster?download=1'))).headers.get('content-disposition')).toMatch(
      /^attachment/,
    );
  });

  it('sends WebP thumbnails to clients that name it, and the largest where there is none of the width', async () => {
    const accepting = await asOwner(at('/thumbnail?width=640'), { accept: 'image/webp,*/*' });
    expect(accepting.headers.get('content-type')).toBe('image/webp');
    expect(accepting.headers.get('vary')).toContain('Accept');
    expect((await sharp(accepting.body).metadata()).width).toBe(64);
    expect((await asOwner(at('/thumbnail'), { accept: '*/*' })).headers.get('content-type')).toBe(
      'image/jpeg',
    );
    expect((await asOwner(at('/thumbnail?width=333'))).status).toBe(400);
  });

  it('has a filmstrip whose frames and tiles are those that its index names', async () => {
    const index = await media.client.get(at('/filmstrip'));
    expect(index.json).toMatchObject({
      frames: [
        { index: 0, seconds: 0, sheet: 0, left: 0, top: 0 },
        { index: 100, seconds: 4, sheet: 0, left: 64, top: 0 },
        { index: 129, seconds: 5.16, sheet: 0, left: 128, top: 0 },
      ],
    });
    const frame = await fetched(String(index.at('frames.2.url')));
    expect(numberOf(await sharp(frame.body).greyscale().raw().toBuffer())).toBe(129 % 100);
    const sheet = await fetched(String(index.at('sheets.0')));
    const box = { left: 128, top: 0, width: 64, height: 48 };
    expect(numberOf(await sharp(sheet.body).extract(box).greyscale().raw().toBuffer())).toBe(29);
    const vtt = (await asOwner(at('/filmstrip?format=vtt'))).body.toString();
    const [, url] = /--> 00:00:05.160\n(http:[^\n#]*)#xywh=64,0,64,48/.exec(vtt) ?? [];
    expect((await fetched(url)).body).toEqual(sheet.body);
    expect((await asOwner(at('/filmstrip/3'))).status).toBe(404);
    expect((await asOwner(at('/filmstrip/sheets/1'))).status).toBe(404);
  });

  it('has frames, by index and in each format, which are not decoded twice for a client', async () => {
    for (const [format, type] of [
      ['jpeg', 'image/jpeg'],
      ['png', 'image/png'],
      ['webp', 'image/webp'],
    ]) {
      const frame = await asOwner(at(`/frames/77?format=${format}`));
      expect([frame.status, frame.headers.get('content-type')]).toEqual([200, type]);
      expect(numberOf(await sharp(frame.body).greyscale().raw().toBuffer())).toBe(77);
      const etag = frame.headers.get('etag') ?? '';
      expect((await asOwner(at(`/frames/77?format=${format}`), { 'if-none-match': etag })).status).toBe(304);
    }
    const beyond = await media.client.get(at(`/frames/${FRAMES}`));
    expect([beyond.status, beyond.at('code')]).toEqual([404, 'NOT_FOUND']);
    expect((await asOwner(at('/frames/-1'))).status).toBe(400);
    expect((await asOwner(at('/frames/1.5'))).status).toBe(400);
    const ofImage = await other.client.get(`/api/media/${other.mediaId}/frames/0`);
    expect([ofImage.status, ofImage.at('code')]).toEqual([404, 'NOT_FOUND']);
  });

  it('does not exist for other users, whatever they ask for', async () => {
    for (const rest of [
      '',
      '/content',
      '/thumbnail',
      '/poster',
      '/filmstrip',
      '/filmstrip/0',
      '/proxy',
      '/frames/0',
    ]) {
      const answer = await other.client.get(at(rest));
      expect([rest, answer.status, answer.at('code')]).toEqual([rest, 404, 'NOT_FOUND']);
    }
    expect((await world.api.anonymous.get(at('/thumbnail'))).status).toBe(401);
  });

  it('has no poster as an image, and says so', async () => {
    const answer = await other.client.get(`/api/media/${other.mediaId}/poster`);
    expect([answer.status, answer.at('code')]).toEqual([404, 'PREVIEW_NONE']);
  });

  it('says why a preview failed', async () => {
    const { previews } = world.api.persistence.unitOfWork.read;
    await previews.fail(other.sha256, 'md5', { code: 'MEDIA_CHANGED', message: 'It changed.' });
    const details = await other.client.get(`/api/media/${other.mediaId}`);
    expect(details.at('previews.md5')).toEqual({
      status: 'failed',
      error: { code: 'MEDIA_CHANGED', message: 'It changed.' },
    });
  });
});

describe('lists of media', () => {
  let owner: UploadedMedia;
  const names = async (url: string): Promise<unknown[]> => {
    const listed = (await owner.client.get(url)).at('media');
    return Array.isArray(listed) ? listed.map(({ name }: { name: string }) => name) : [];
  };

  beforeAll(async () => {
    owner = await uploadAs(world, 'collector', image, 'image');
    for (const name of ['beta.png', 'alpha.png', 'Gamma.png'].entries()) {
      const file = path.join(world.folder, 'clips', name[1]);
      const background = { r: 10 * name[0], g: 0, b: 0 };
      await sharp({ create: { width: 20, height: 20 + name[0], channels: 3, background } })
        .png()
        .toFile(file);
      await uploadTo(owner, file, 'image');
    }
    await uploadTo(owner, clip);
  });

  it('are newest first, and name their thumbnails and states', async () => {
    const answer = await owner.client.get('/api/media');
    expect(answer.at('media.0')).toMatchObject({
      name: 'numbered.mp4',
      datasetId: owner.datasetId,
      previews: { thumbnail: 'ready', md5: 'ready' },
    });
    expect((await fetched(String(answer.at('media.0.thumbnailUrl')))).status).toBe(200);
    expect(answer.at('media.4')).toMatchObject({ name: 'Amber.png', previews: { poster: 'none' } });
  });

  it('are sorted, filtered and searched', async () => {
    const list = `/api/dataset/${owner.datasetId}/media`;
    expect(await names(`${list}?sort=name`)).toEqual([
      'alpha.png',
      'Amber.png',
      'beta.png',
      'Gamma.png',
      'numbered.mp4',
    ]);
    expect(await names(`${list}?sort=frames&limit=1`)).toEqual(['numbered.mp4']);
    expect(await names(`${list}?kind=image&search=A.P`)).toEqual(['Gamma.png', 'alpha.png', 'beta.png']);
    expect(await names(`${list}?role=mask`)).toEqual([]);
    expect(await names(`/api/media?dataset=${other.datasetId}`)).toEqual([]);
    expect((await owner.client.get(`/api/media?dataset=${other.datasetId}`)).status).toBe(404);
    expect((await owner.client.get(`${list}?sort=colour`)).status).toBe(400);
  });

  it.each(['createdAt', 'name', 'bytes', 'duration', 'frames'])(
    'are paged by %s without gaps',
    async (sort) => {
      const all = await names(`/api/media?sort=${sort}`);
      const paged: unknown[] = [];
      for (let url: string | undefined = `/api/media?sort=${sort}&limit=2`; url !== undefined;) {
        const page = await owner.client.get(url);
        paged.push(...(page.at('media') as { name: string }[]).map(({ name }) => name));
        url = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
      }
      expect(all).toHaveLength(5);
      expect(paged).toEqual(all);
    },
  );

  it('refuse cursors of another order, and made-up ones', async () => {
    const { cursor } = { cursor: String((await owner.client.get('/api/media?limit=1')).at('nextCursor')) };
    const made = (values: unknown[]) => Buffer.from(JSON.stringify(values)).toString('base64url');
    for (const bad of [
      `/api/media?sort=name&cursor=${cursor}`,
      '/api/media?cursor=x',
      `/api/media?cursor=${made(['createdAt', 'desc', 'now', owner.mediaId])}`,
      `/api/media?sort=bytes&cursor=${made(['bytes', 'desc', '1e999', owner.mediaId])}`,
      `/api/media?sort=name&cursor=${made(['name', 'asc', 'a\u0000', owner.mediaId])}`,
    ]) {
      const answer = await owner.client.get(bad);
      expect([bad, answer.status, answer.at('errors.0.code')]).toEqual([bad, 400, 'INVALID_CURSOR']);
    }
  });

  it('end with their dataset', async () => {
    await owner.client.delete(`/api/dataset/${owner.datasetId}`);
    expect(await names('/api/media')).toEqual([]);
    expect((await owner.client.get(`/api/media/${owner.mediaId}`)).status).toBe(404);
  });
});
