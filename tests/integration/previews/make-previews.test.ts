import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { QueryTypes } from 'sequelize';
import sharp from 'sharp';
import type { Preview } from '../../../src/domain/preview.js';
import { plainImage } from '../../factories/images/plain-image.js';
import { ffmpeg, ffprobe, numberedFrames, numberOf } from '../../factories/videos/clips.js';
import { makeTestVideo } from '../../factories/videos/make-test-video.js';
import { openPreviewWorld, uploadAs, type PreviewWorld, type UploadedMedia } from './preview-world.js';

let world: PreviewWorld;

beforeAll(async () => {
  world = await openPreviewWorld();
});
afterAll(() => world.close());

const upload = (owner: string, file: string, kind: 'video' | 'image' = 'video') =>
  uploadAs(world, owner, file, kind);

const clip = (name: string): string => path.join(world.folder, 'clips', name);

async function previewOf(sha256: string, kind: Preview['kind']): Promise<Preview> {
  const preview = (await world.previewsOf(sha256)).find((candidate) => candidate.kind === kind);
  if (!preview) throw new Error(`There is no ${kind}.`);
  return preview;
}

/** The file of a preview, in a place of its own. */
async function fileOf(sha256: string, kind: Preview['kind'], variant: string, name: string): Promise<string> {
  const file = await world.api.persistence.unitOfWork.read.previews.file(sha256, kind, variant);
  if (!file) throw new Error(`${kind} has no file ${variant}.`);
  const copy = clip(name);
  await writeFile(copy, await buffer(await world.blobs.open(file.storageKey)));
  return copy;
}

const mediaFiles = async (): Promise<number> => (await world.api.storedFiles()).length;

const rows = <Row extends object>(sql: string, bind: Record<string, unknown> = {}) =>
  world.api.persistence.database.sequelize.query<Row>(sql, { bind, type: QueryTypes.SELECT });

describe('previews of a video', () => {
  let media: UploadedMedia;

  beforeAll(async () => {
    const plain = clip('landscape.mp4');
    // Red on the left, blue on the right.
    const drawn = 'color=red:s=160x180:r=25,pad=320:180:0:0:blue';
    await ffmpeg(
      ...['-f', 'lavfi', '-i', drawn, '-f', 'lavfi', '-i', 'sine=frequency=440'],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
      ...['-frames:v', '101', '-t', '4.04', plain],
    );
    await ffmpeg('-i', plain, '-c', 'copy', '-metadata:s:v:0', 'rotate=90', clip('portrait.mp4'));
    media = await upload('phone', clip('portrait.mp4'));
  });

  it('are pending with the upload, and ready when they are made', async () => {
    const before = await world.previewsOf(media.sha256);
    expect(before.map(({ kind, status }) => [kind, status])).toEqual([
      ['thumbnail', 'pending'],
      ['poster', 'pending'],
      ['filmstrip', 'pending'],
      ['md5', 'pending'],
      ['proxy', 'pending'],
    ]);
    expect(await world.makeAll()).toContain(media.sha256);
    const after = await world.previewsOf(media.sha256);
    expect(after.map(({ status, error }) => [status, error])).toEqual(Array(5).fill(['ready', null]));
  });

  it('have the MD5 sum of the file', async () => {
    const expected = createHash('md5')
      .update(await readFile(clip('portrait.mp4')))
      .digest('hex');
    expect((await previewOf(media.sha256, 'md5')).facts).toEqual({ md5: expected });
  });

  it('are upright', async () => {
    const poster = await fileOf(media.sha256, 'poster', 'whole', 'poster.jpg');
    const { data, info } = await sharp(poster).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([180, 320]);
    // A rotation of 90 in FFmpeg's terms is counterclockwise: what was right is on top.
    const at = (y: number) => [...data.subarray(3 * (y * info.width + 90), 3 * (y * info.width + 90) + 3)];
    expect(at(40)).toEqual([0, 0, 254].map((value) => expect.closeTo(value, -1.3) as number));
    expect(at(280)).toEqual([254, 0, 0].map((value) => expect.closeTo(value, -1.3) as number));
  });

  it('have thumbnails of the nominal widths up to that of the video', async () => {
    const files = await world.api.persistence.unitOfWork.read.previews.files(media.sha256, 'thumbnail');
    expect(files.map(({ variant, type, width, height }) => [variant, type, width, height])).toEqual([
      ['160.jpeg', 'image/jpeg', 160, 284],
      ['160.webp', 'image/webp', 160, 284],
      ['320.jpeg', 'image/jpeg', 180, 320],
      ['320.webp', 'image/webp', 180, 320],
    ]);
  });

  it('have a filmstrip with the planned frames and a sheet of tiles', async () => {
    const { filmstrip } = (await previewOf(media.sha256, 'filmstrip')).facts;
    expect(filmstrip).toMatchObject({
      frames: [
        { index: 0, seconds: 0 },
        { index: 100, seconds: 4 },
      ],
      width: 180,
      height: 320,
      tile: { width: 90, height: 160 },
    });
    const sheet = await sharp(await fileOf(media.sha256, 'filmstrip', 'sheet-0', 'sheet.jpg')).metadata();
    expect([sheet.width, sheet.height]).toEqual([180, 160]);
  });

  it('have a copy that browsers play: H.264, upright, with sound, its index first', async () => {
    const proxy = await fileOf(media.sha256, 'proxy', 'whole', 'proxy.mp4');
    const asked = 'stream=codec_name,width,height,pix_fmt,nb_frames:stream_side_data=rotation';
    const [video, sound] = (await ffprobe('-show_entries', asked, '-of', 'compact=p=0', proxy)).split('\n');
    expect(video).toBe('codec_name=h264|width=180|height=320|pix_fmt=yuv420p|nb_frames=101');
    expect(sound).toContain('codec_name=aac');
    const bytes = await readFile(proxy);
    expect(bytes.indexOf('moov')).toBeLessThan(bytes.indexOf('mdat'));
    expect((await previewOf(media.sha256, 'proxy')).facts).toEqual({ codec: 'h264', sound: true });
  });

  it('are made once for media with equal content', async () => {
    const before = await mediaFiles();
    const copy = await upload('phone-copy', clip('portrait.mp4'));
    expect(copy.sha256).toBe(media.sha256);
    expect(await world.makeAll()).toEqual([]);
    expect(await mediaFiles()).toBe(before + 1);
  });

  it('go with the last media of their content, and their files with them', async () => {
    const remove = (mediaId: string) =>
      rows('DELETE FROM media WHERE id = $mediaId RETURNING id', { mediaId });
    const [{ id: other }] = await rows<{ id: string }>(
      'SELECT id FROM media WHERE sha256 = $sha256 AND id <> $mediaId',
      { sha256: media.sha256, mediaId: media.mediaId },
    );
    await remove(other);
    expect(await world.sweep.runOnce()).toBe(0);
    const before = await mediaFiles();
    await remove(media.mediaId);
    // Four thumbnails, a poster, two frames, a sheet, a copy.
    expect(await world.sweep.runOnce()).toBe(9);
    expect(await mediaFiles()).toBe(before - 9);
    expect(await world.previewsOf(media.sha256)).toEqual([]);
  });
});

describe('previews of an image', () => {
  it('are thumbnails and its MD5 sum; transparency is kept in WebP and white in JPEG', async () => {
    const file = clip('image.png');
    const clear = { r: 0, g: 0, b: 0, alpha: 0 };
    await sharp({ create: { width: 1000, height: 500, channels: 4, background: clear } })
      .png()
      .toFile(file);
    const { sha256 } = await upload('painter', file, 'image');
    await world.makeAll();
    const made = await world.previewsOf(sha256);
    expect(made.map(({ kind, status }) => [kind, status])).toEqual([
      ['thumbnail', 'ready'],
      ['md5', 'ready'],
    ]);
    const webp = await sharp(await fileOf(sha256, 'thumbnail', '640.webp', 'alpha.webp')).stats();
    expect(webp.channels).toHaveLength(4);
    expect(webp.channels[3].max).toBe(0);
    const jpeg = await sharp(await fileOf(sha256, 'thumbnail', '640.jpeg', 'white.jpg')).stats();
    expect(jpeg.channels.map(({ min }) => min)).toEqual([255, 255, 255]);
  });
});

describe('a video that can no longer be decoded', () => {
  it('ends with a reason per preview, and is not tried again', async () => {
    const file = clip('short.mp4');
    await makeTestVideo({ out: file, frames: 12 });
    const { sha256, mediaId } = await upload('unlucky', file);
    const [{ key }] = await rows<{ key: string }>(
      'SELECT storage_key AS key FROM media WHERE id = $mediaId',
      {
        mediaId,
      },
    );
    await world.api.storage.overwrite(key, (await readFile(file)).subarray(0, 600));
    await world.makeAll();
    const made = await world.previewsOf(sha256);
    expect(
      made.filter(({ kind }) => kind !== 'md5').map(({ status, error }) => [status, error?.code]),
    ).toEqual(Array(4).fill(['failed', world.api.storage.kind === 's3' ? 'MEDIA_DAMAGED' : 'VIDEO_CORRUPT']));
    expect(await world.makeAll()).toEqual([]);
  });

  it('says so when its file is missing', async () => {
    const file = clip('gone.mp4');
    await makeTestVideo({ out: file, frames: 13 });
    const { sha256, mediaId } = await upload('forgetful', file);
    const [{ key }] = await rows<{ key: string }>(
      'SELECT storage_key AS key FROM media WHERE id = $mediaId',
      {
        mediaId,
      },
    );
    await world.blobs.remove(key);
    await world.makeAll();
    expect((await previewOf(sha256, 'poster')).error).toMatchObject({ code: 'MEDIA_MISSING' });
  });
});

describe('a preview whose worker was lost in each attempt', () => {
  it('ends as failed', async () => {
    const file = clip('killer.png');
    await writeFile(file, await plainImage([200, 30, 30]));
    const { sha256 } = await upload('killer', file, 'image');
    const { previews } = world.api.persistence.unitOfWork.read;
    for (let attempt = 1; attempt <= 3; attempt += 1)
      expect(await previews.begin(sha256, [])).toMatchObject({ kind: 'thumbnail', attempts: attempt });
    await world.makeAll();
    expect(await previewOf(sha256, 'thumbnail')).toMatchObject({
      status: 'failed',
      error: { code: 'PREVIEW_NOT_MADE' },
    });
    expect(await previewOf(sha256, 'md5')).toMatchObject({ status: 'ready' });
  });
});

describe('filmstrips of other lengths', () => {
  it.each([
    [1, [0]],
    [99, [0, 98]],
    [100, [0, 99]],
    [2401, [0, 300, 600, 900, 1200, 1500, 1800, 2100, 2400]],
  ])('%i frames', async (frames, expected) => {
    const file = clip(`strip-${frames}.mp4`);
    await ffmpeg(...numberedFrames(frames), '-c:v', 'libx264', '-preset', 'ultrafast', file);
    const { sha256 } = await upload(`strip${frames}`, file);
    await world.makeAll();
    const { filmstrip } = (await previewOf(sha256, 'filmstrip')).facts;
    expect(filmstrip?.frames.map(({ index }) => index)).toEqual(expected);
    const last = await fileOf(sha256, 'filmstrip', String(expected.length - 1), `strip-${frames}.jpg`);
    expect(numberOf(await sharp(last).greyscale().raw().toBuffer())).toBe((frames - 1) % 100);
  });
});
