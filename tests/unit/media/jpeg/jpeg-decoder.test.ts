import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import sharp, { type JpegOptions } from 'sharp';
import { JpegDecoder, type Placement } from '../../../../src/media/jpeg/jpeg-decoder.js';
import { readJpegHeader } from '../../../../src/media/jpeg/jpeg-header.js';
import { JPEG_KERNEL } from '../../../../src/media/jpeg/jpeg-kernel.js';

const decoder = new JpegDecoder();

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Soft waves of three colours with some hard edges: something in every direction, nothing that a JPEG cannot keep. */
function image({ width, height }: Size): Buffer {
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const edge = (Math.floor(x / 24) + Math.floor(y / 40)) % 2 === 0 ? 30 : -30;
      const at = (y * width + x) * 3;
      pixels[at] = 128 + 60 * Math.sin(x / 17) + edge;
      pixels[at + 1] = 128 + 60 * Math.cos(y / 23) + edge;
      pixels[at + 2] = 128 + 60 * Math.sin((x + y) / 31) - edge;
    }
  }
  return pixels;
}

const encode = (size: Size, options: JpegOptions = {}): Promise<Buffer> =>
  sharp(image(size), { raw: { ...size, channels: 3 } })
    .jpeg({ quality: 92, ...options })
    .toBuffer();

/** All of the image, or a part of it, in another size. */
function decode(jpeg: Uint8Array, whole: Size, part?: Placement & { readonly cut: Size }): Uint8Array | null {
  const header = readJpegHeader(jpeg);
  const place = part ?? { ...whole, left: 0, top: 0 };
  return header && decoder.decode(jpeg, header, { shape: part?.cut ?? whole, place });
}

const FFMPEG_SIZE = { width: 320, height: 240 };

async function encodedByFfmpeg(options: readonly string[]): Promise<Buffer> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-jpeg-'));
  try {
    const { width, height } = FFMPEG_SIZE;
    const source = ['-f', 'lavfi', '-i', `testsrc=size=${String(width)}x${String(height)}`, '-frames:v', '1'];
    const file = path.join(folder, '1.jpg');
    await promisify(execFile)('ffmpeg', ['-v', 'error', ...source, ...options, '-q:v', '2', file]);
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const libraryDecoded = (jpeg: Uint8Array): Promise<Buffer> =>
  sharp(jpeg).toColourspace('srgb').raw().toBuffer();

/** Weights of source pixels for one resized pixel: a triangle as wide as what is left out, at least of one pixel. */
function weightsOf(index: number, from: number, to: number): Map<number, number> {
  const ratio = from / to;
  const reach = Math.max(1, ratio);
  const centre = (index + 0.5) * ratio;
  const weights = new Map<number, number>();
  for (let x = 0; x < from; x += 1) {
    const weight = 1 - Math.abs(x + 0.5 - centre) / reach;
    if (weight > 0) weights.set(x, weight);
  }
  const sum = [...weights.values()].reduce((a, b) => a + b);
  weights.forEach((weight, x) => weights.set(x, weight / sum));
  return weights;
}

/** Resizing by its definition, in real numbers. */
function resized(pixels: Uint8Array, from: Size, to: Size): Float64Array {
  const result = new Float64Array(to.width * to.height * 3);
  const columns = Array.from({ length: to.width }, (_, x) => weightsOf(x, from.width, to.width));
  for (let y = 0; y < to.height; y += 1) {
    const rows = weightsOf(y, from.height, to.height);
    columns.forEach((weights, x) => {
      for (const [row, a] of rows)
        for (const [column, b] of weights)
          for (let channel = 0; channel < 3; channel += 1)
            result[(y * to.width + x) * 3 + channel] +=
              a * b * pixels[(row * from.width + column) * 3 + channel];
    });
  }
  return result;
}

function differences(found: Uint8Array | null, wanted: ArrayLike<number>): { mean: number; most: number } {
  expect(found).toHaveLength(wanted.length);
  const all = Array.from(found ?? [], (value, index) => Math.abs(value - wanted[index]));
  return { mean: all.reduce((a, b) => a + b) / all.length, most: all.reduce((a, b) => Math.max(a, b)) };
}

describe('jpeg decoder', () => {
  it('the compiled decoder is as old as its sources', async () => {
    const sources = path.resolve(import.meta.dirname, '../../../../../kernels/jpeg');
    const hash = createHash('sha256');
    for (const name of (await readdir(sources)).filter((file) => file.endsWith('.ts')).sort())
      hash.update(name).update(await readFile(path.join(sources, name)));
    expect(JPEG_KERNEL.sources).toBe(hash.digest('hex'));
  });
});

describe('the same pixels as another decoder', () => {
  it.each<[Size, JpegOptions]>([
    [{ width: 96, height: 64 }, { chromaSubsampling: '4:4:4' }],
    [
      { width: 97, height: 67 },
      { chromaSubsampling: '4:4:4', quality: 60 },
    ],
    [
      { width: 97, height: 67 },
      { chromaSubsampling: '4:4:4', optimiseCoding: false },
    ],
    [{ width: 7, height: 1 }, { chromaSubsampling: '4:4:4' }],
  ])('of %o, encoded with %o', async (size, options) => {
    const jpeg = await encode(size, options);
    const { mean, most } = differences(decode(jpeg, size), await libraryDecoded(jpeg));
    expect(mean).toBeLessThan(0.6);
    expect(most).toBeLessThanOrEqual(3);
  });

  it('with colours of half the size', async () => {
    const size = { width: 161, height: 91 };
    const jpeg = await encode(size, { chromaSubsampling: '4:2:0' });
    expect(readJpegHeader(jpeg)?.components[0]).toMatchObject({ h: 2, v: 2 });
    expect(differences(decode(jpeg, size), await libraryDecoded(jpeg)).mean).toBeLessThan(2);
  });

  it('of a grey one', async () => {
    const size = { width: 50, height: 30 };
    const jpeg = await sharp(image(size), { raw: { ...size, channels: 3 } })
      .toColourspace('b-w')
      .jpeg()
      .toBuffer();
    expect(readJpegHeader(jpeg)?.components).toHaveLength(1);
    expect(differences(decode(jpeg, size), await libraryDecoded(jpeg)).most).toBeLessThanOrEqual(2);
  });

  it('of one with restart markers', async () => {
    const slices = ['-pix_fmt', 'yuvj420p', '-threads', '3', '-thread_type', 'slice'];
    const jpeg = await encodedByFfmpeg(slices);
    expect(readJpegHeader(jpeg)?.restart).toBeGreaterThan(0);
    expect(differences(decode(jpeg, FFMPEG_SIZE), await libraryDecoded(jpeg)).mean).toBeLessThan(1.5);
  });

  it('of one whose colours are as large as its luma, by equal factors above 1', async () => {
    const jpeg = await encodedByFfmpeg(['-pix_fmt', 'yuvj444p']);
    const factors = readJpegHeader(jpeg)?.components.map(({ h, v }) => [h, v]);
    expect(factors).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    expect(differences(decode(jpeg, FFMPEG_SIZE), await libraryDecoded(jpeg)).mean).toBeLessThan(0.6);
  });
});

describe('the luma alone', () => {
  const size = { width: 97, height: 67 };
  it.each(['4:4:4', '4:2:0'])('of %s is the weighted sum of the colours', async (chromaSubsampling) => {
    const jpeg = await encode(size, { chromaSubsampling });
    const header = readJpegHeader(jpeg);
    const colours = await libraryDecoded(jpeg);
    const luma = Uint8Array.from({ length: size.width * size.height }, (_, k) =>
      Math.round(0.299 * colours[3 * k] + 0.587 * colours[3 * k + 1] + 0.114 * colours[3 * k + 2]),
    );
    const { mean, most } = differences(header && decoder.decodeLuma(jpeg, header, size), luma);
    expect(mean).toBeLessThan(0.6);
    expect(most).toBeLessThanOrEqual(3);
  });

  it('is resized as a grey image of the same luma', async () => {
    const grey = sharp(image(size), { raw: { ...size, channels: 3 } }).toColourspace('b-w');
    const jpeg = await grey.jpeg({ quality: 92 }).toBuffer();
    const header = readJpegHeader(jpeg);
    const to = { width: 50, height: 31 };
    const colours = decode(jpeg, to) ?? new Uint8Array();
    const luma = colours.filter((_, k) => k % 3 === 0);
    expect(header && decoder.decodeLuma(jpeg, header, to)).toEqual(luma);
  });

  it('of a damaged file is left to others', async () => {
    const jpeg = await encode(size);
    const header = readJpegHeader(jpeg);
    const cut = jpeg.subarray(0, ((header?.data ?? 0) + jpeg.length) >> 1);
    expect(header && decoder.decodeLuma(cut, header, size)).toBeNull();
  });
});

describe('resized as by definition', () => {
  // Blocks of 8, 4, 2 and 1 pixels; then larger than it was, and each direction by another factor.
  it.each<[Size, Size, number]>([
    [{ width: 320, height: 240 }, { width: 200, height: 150 }, 0.6],
    [{ width: 320, height: 240 }, { width: 130, height: 97 }, 1.2],
    [{ width: 320, height: 240 }, { width: 64, height: 48 }, 1.6],
    [{ width: 640, height: 480 }, { width: 64, height: 48 }, 2.6],
    [{ width: 64, height: 40 }, { width: 150, height: 99 }, 0.6],
    [{ width: 320, height: 240 }, { width: 33, height: 200 }, 0.8],
  ])('%o to %o', async (from, to, tolerance) => {
    const jpeg = await encode(from, { chromaSubsampling: '4:4:4' });
    const wanted = resized(await libraryDecoded(jpeg), from, to);
    expect(differences(decode(jpeg, to), wanted).mean).toBeLessThan(tolerance);
  });

  it('a part is what the whole has there', async () => {
    const jpeg = await encode({ width: 640, height: 480 });
    const whole = { width: 341, height: 256 };
    const all = decode(jpeg, whole) ?? new Uint8Array();
    const cut = { width: 221, height: 223 };
    const part = decode(jpeg, whole, { ...whole, left: 59, top: 17, cut });
    const rows = Array.from({ length: cut.height }, (_, y) => {
      const from = ((17 + y) * whole.width + 59) * 3;
      return [...all.subarray(from, from + cut.width * 3)];
    });
    expect([...(part ?? [])]).toEqual(rows.flat());
  });
});

describe('what it leaves to others', () => {
  const size = { width: 48, height: 32 };
  const raw = () => sharp(image(size), { raw: { ...size, channels: 3 } });
  it.each<[string, () => Promise<Buffer>]>([
    ['progressive ones', () => encode(size, { progressive: true })],
    ['CMYK', () => raw().toColourspace('cmyk').jpeg().toBuffer()],
    ['those that lie on their side', () => raw().withMetadata({ orientation: 6 }).jpeg().toBuffer()],
    ['those with a colour profile', () => raw().withIccProfile('p3').jpeg().toBuffer()],
    ['PNG', () => raw().png().toBuffer()],
    ['a header that ends too soon', async () => (await encode(size)).subarray(0, 100)],
  ])('%s', async (_name, make) => {
    expect(readJpegHeader(await make())).toBeNull();
  });

  it('EXIF that does not turn the image is no reason', async () => {
    const named = await raw()
      .withExif({ IFD0: { Artist: 'somebody' } })
      .jpeg()
      .toBuffer();
    expect(readJpegHeader(named)).toMatchObject(size);
  });

  it('data that is cut off, has a hole, or goes on', async () => {
    const jpeg = await encode({ width: 200, height: 100 });
    const header = readJpegHeader(jpeg);
    const middle = ((header?.data ?? 0) + jpeg.length) >> 1;
    const damaged = [
      jpeg.subarray(0, middle),
      Buffer.concat([jpeg.subarray(0, middle), Buffer.from([0xff, 0xd9])]),
      Buffer.concat([jpeg.subarray(0, middle), jpeg.subarray(middle + 200)]),
      Buffer.concat([jpeg.subarray(0, -2), Buffer.alloc(200, 0x5a), jpeg.subarray(-2)]),
    ];
    for (const one of damaged) expect(decode(one, { width: 32, height: 16 })).toBeNull();
    expect(decode(jpeg, { width: 32, height: 16 })).not.toBeNull();
  });

  it('whatever bytes are changed, it answers with an image or with nothing, and the next one is right', async () => {
    const jpeg = await encode({ width: 120, height: 80 });
    const to = { width: 40, height: 30 };
    const right = decode(jpeg, to);
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    for (let round = 0; round < 3000; round += 1) {
      const changed = Buffer.from(jpeg);
      // Half of the changes hit the header.
      const below = round % 2 === 0 ? changed.length : 640;
      for (let k = 0; k < 1 + random(3); k += 1) changed[random(below)] = random(256);
      const pixels = decode(changed, to);
      if (pixels) expect(pixels).toHaveLength(to.width * to.height * 3);
    }
    expect(decode(jpeg, to)).toEqual(right);
  });
});
