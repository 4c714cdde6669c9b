import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { decodeImage } from '../../../src/media/image-decoder.js';
import { importImage } from '../../../src/media/image-intake.js';
import { animatedGif, animatedWebp, FRAME_SIDE, pagedTiff } from '../../factories/images/many-frames.js';
import { withComments, withEmptyChunks, withScans, withSize } from '../../factories/images/laborious.js';

/** Scans of a progressive JPEG as libjpeg writes it. */
const USUAL_SCANS = 10;
const SIDE = 64;
const LIMITS = { maxPixels: 2 ** 26, maxSide: 2 ** 14 };
let folder: string;

describe('laborious images', () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'laborious-images-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const jpeg = (progressive: boolean): Promise<Buffer> =>
    sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: '#204060' } })
      .jpeg({ progressive })
      .toBuffer();

  const png = (): Promise<Buffer> =>
    sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: '#204060' } })
      .png()
      .toBuffer();

  const classify = (bytes: Buffer) =>
    decodeImage(
      bytes,
      {
        width: 8,
        height: 8,
        channels: 3,
        resize: { rule: 'stretch' },
        interpolation: 'bicubic',
        background: [0, 0, 0],
      },
      { ...LIMITS, maxBytes: 2 ** 24, timeoutSeconds: 600 },
    );

  async function upload(bytes: Buffer) {
    const file = path.join(folder, 'image');
    await writeFile(file, bytes);
    return importImage({ path: file, target: `${file}.png`, role: 'source', limits: LIMITS });
  }

  it.each<[string, (usual: Buffer) => Buffer, RegExp]>([
    ['101 scans', (usual) => withScans(usual, 101 - USUAL_SCANS), /101 scans; at most 100 are read/],
    [
      'scans that together have more samples than 24 channels of the largest image',
      (usual) => withScans(withSize(usual, 8192), 35 - USUAL_SCANS),
      // In the usual scans light is coded 3 times and colour twice, apart from the 2 scans of all channels; each channel of
      // colour has a quarter of the samples. The 25 more are of light.
      new RegExp(
        `35 scans of 8192x8192 pixels, ${String((2 * 1.5 + 4 + 4 / 4 + 25) * 8192 ** 2)} samples in all`,
      ),
    ],
    ['10 001 segments', (usual) => withComments(usual, 10_001), /more than 10000 segments/],
  ])(
    'a JPEG with %s is refused before it is decoded, by uploads and by requests',
    async (_what, make, why) => {
      const bytes = make(await jpeg(true));
      await expect(classify(bytes)).rejects.toMatchObject({
        ...{ code: 'PICTURE_TOO_COMPLEX', kind: 'invalid' },
        message: expect.stringMatching(why),
      });
      await expect(upload(bytes)).rejects.toMatchObject({
        ...{ code: 'IMAGE_TOO_COMPLEX', kind: 'invalid' },
        message: expect.stringMatching(why),
      });
    },
  );

  it.each<[string, () => Promise<Buffer>, RegExp]>([
    ['a WebP of 10 001 frames', async () => animatedWebp(10_001), /more than 10000 frames or pages/],
    ['a GIF of 10 001 frames', async () => animatedGif(10_001), /more than 10000 frames or pages/],
    ['a TIFF of 10 001 pages', async () => pagedTiff(10_001), /more than 10000 frames or pages/],
    ['a PNG of 200 001 chunks', async () => withEmptyChunks(await png(), 199_998), /more than 200000 chunks/],
  ])('%s is refused before it is decoded, by uploads and by requests', async (_what, make, why) => {
    const bytes = await make();
    const message: unknown = expect.stringMatching(why);
    await expect(classify(bytes)).rejects.toMatchObject({ code: 'PICTURE_TOO_COMPLEX', message });
    await expect(upload(bytes)).rejects.toMatchObject({ code: 'IMAGE_TOO_COMPLEX', message });
  });

  it.each<[string, () => Promise<Buffer>, number]>([
    ['WebP', async () => animatedWebp(30), 30],
    ['GIF', async () => animatedGif(30), 30],
    ['TIFF', async () => pagedTiff(30), 30],
  ])('a %s of some frames is taken for its first one', async (_what, make, count) => {
    const warnings = [`Only the first of ${String(count)} frames or pages was used.`];
    expect(await upload(await make())).toMatchObject({ width: FRAME_SIDE, height: FRAME_SIDE, warnings });
  });

  it('pages of a TIFF that lead back to an earlier one are counted once', async () => {
    expect(await upload(pagedTiff(2, { loop: true }))).toMatchObject({ width: FRAME_SIDE });
  });

  it('usual scans and hundreds of comments are taken', async () => {
    for (const progressive of [false, true]) {
      const bytes = withComments(await jpeg(progressive), 500);
      expect(await classify(bytes)).toMatchObject({ width: SIDE, warnings: [] });
      expect(await upload(bytes)).toMatchObject({ width: SIDE, warnings: [] });
    }
  });
});
