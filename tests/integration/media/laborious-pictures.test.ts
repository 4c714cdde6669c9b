import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { decodePicture } from '../../../src/media/picture-decoder.js';
import { takePicture } from '../../../src/media/picture-intake.js';
import { withComments, withScans, withSize } from '../../fixtures/pictures/laborious.js';

/** Scans of a progressive JPEG as libjpeg writes it. */
const USUAL_SCANS = 10;
const SIDE = 64;
const LIMITS = { maxPixels: 2 ** 26, maxSide: 2 ** 14 };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'laborious-pictures-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const jpeg = (progressive: boolean): Promise<Buffer> =>
  sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: '#204060' } })
    .jpeg({ progressive })
    .toBuffer();

const classify = (bytes: Buffer) =>
  decodePicture(
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
  const file = path.join(folder, 'picture');
  await writeFile(file, bytes);
  return takePicture({ path: file, target: `${file}.png`, role: 'source', limits: LIMITS });
}

test.each<[string, (usual: Buffer) => Buffer, RegExp]>([
  ['101 scans', (usual) => withScans(usual, 101 - USUAL_SCANS), /101 scans; at most 100 are read/],
  [
    'scans that together have more than 2^31 pixels',
    (usual) => withScans(withSize(usual, 8192), 33 - USUAL_SCANS),
    /33 scans of 8192x8192 pixels, 2214592512 in all; at most 2147483648 are read/,
  ],
  ['10 001 segments', (usual) => withComments(usual, 10_001), /more than 10000 segments/],
])('a JPEG with %s is refused before it is decoded, by uploads and by requests', async (_what, make, why) => {
  const bytes = make(await jpeg(true));
  await expect(classify(bytes)).rejects.toMatchObject({
    ...{ code: 'PICTURE_TOO_COMPLEX', kind: 'invalid' },
    message: expect.stringMatching(why),
  });
  await expect(upload(bytes)).rejects.toMatchObject({
    ...{ code: 'IMAGE_TOO_COMPLEX', kind: 'invalid' },
    message: expect.stringMatching(why),
  });
});

test('usual scans and hundreds of comments are taken', async () => {
  for (const progressive of [false, true]) {
    const bytes = withComments(await jpeg(progressive), 500);
    expect(await classify(bytes)).toMatchObject({ width: SIDE, warnings: [] });
    expect(await upload(bytes)).toMatchObject({ width: SIDE, warnings: [] });
  }
});
