import sharp, { type JpegOptions } from 'sharp';
import { JpegDecoder } from '../../../../src/media/jpeg/jpeg-decoder.js';
import { readJpegHeader } from '../../../../src/media/jpeg/jpeg-header.js';
import { openImage } from '../../../../src/media/open-image.js';
import { createSeededRandom } from '../../../../src/vision/geometry/two-view/seeded-random.js';

/** Damaged files of each kind. */
const FILES = 400;
/** Our decoder resizes colours of half the size by a triangle, libjpeg by its own filter. */
const MEAN_DIFFERENCE = 1;
const MAX_PIXELS = 2 ** 20;

type Damage = (file: Buffer, other: Buffer, random: () => number) => Buffer;
type Shape = readonly [width: number, height: number, channels: 1 | 3, options: JpegOptions];

const below = (limit: number, random: () => number): number => Math.floor(random() * limit);

const DAMAGES: Readonly<Record<string, Damage>> = {
  'cut off': (file, _, random) => file.subarray(0, below(file.length, random)),
  'with one bit flipped': (file, _, random) => {
    file[below(file.length, random)] ^= 1 << below(8, random);
    return file;
  },
  'with eight bytes changed': (file, _, random) => {
    for (let count = 0; count < 8; count += 1) file[below(file.length, random)] = below(256, random);
    return file;
  },
  'with a piece of another one put in': (file, other, random) =>
    spliced(file, other, { random, replaced: 0 }),
  'with a piece replaced by that of another one': (file, other, random) =>
    spliced(file, other, { random, replaced: 1 }),
};

function spliced(
  file: Buffer,
  other: Buffer,
  { random, replaced }: { readonly random: () => number; readonly replaced: 0 | 1 },
): Buffer {
  const from = below(other.length, random);
  const piece = other.subarray(from, from + below(200, random));
  const at = below(file.length, random);
  return Buffer.concat([file.subarray(0, at), piece, file.subarray(at + replaced * piece.length)]);
}

const SHAPES: readonly Shape[] = [
  [96, 64, 3, { chromaSubsampling: '4:4:4' }],
  [161, 91, 3, { chromaSubsampling: '4:2:0' }],
  [75, 50, 1, {}],
];

function encoded([width, height, channels, options]: Shape): Promise<Buffer> {
  const pixels = Buffer.from(
    Array.from({ length: width * height * channels }, (_, at) => {
      const [x, y] = [Math.floor(at / channels) % width, Math.floor(at / channels / width)];
      const edge = ((Math.floor(x / 24) + Math.floor(y / 40)) % 2) * 40 - 20;
      return Math.round(128 + 60 * Math.sin((x * (1 + (at % channels)) + y) / 17) + edge);
    }),
  );
  return sharp(pixels, { raw: { width, height, channels } })
    .jpeg({ quality: 85, ...options })
    .toBuffer();
}

/** The whole image by our decoder; null for what it leaves to sharp. */
function decoded(decoder: JpegDecoder, bytes: Uint8Array): Uint8Array | null {
  const header = readJpegHeader(bytes);
  if (!header || header.width * header.height > MAX_PIXELS) return null;
  const { width, height } = header;
  return decoder.decode(bytes, header, {
    shape: { width, height },
    place: { width, height, left: 0, top: 0 },
  });
}

/** The whole image by sharp, under the rules of all routes; null for what is refused. */
async function decodedBySharp(bytes: Uint8Array): Promise<Uint8Array | null> {
  try {
    const image = await openImage(bytes, 'jpeg');
    const { value } = await image.read((pipeline) =>
      pipeline.toColourspace('srgb').removeAlpha().raw({ depth: 'uchar' }).toBuffer(),
    );
    return value;
  } catch {
    return null;
  }
}

function meanDifference(ours: Uint8Array, theirs: Uint8Array | null): number {
  if (ours.length !== theirs?.length) return Infinity;
  return ours.reduce((sum, value, at) => sum + Math.abs(value - theirs[at]), 0) / ours.length;
}

describe('damaged JPEGs', () => {
  const decoder = new JpegDecoder();
  let files: readonly Buffer[];
  let intact: readonly (Uint8Array | null)[];

  beforeAll(async () => {
    files = await Promise.all(SHAPES.map(encoded));
    intact = files.map((file) => decoded(decoder, file));
    expect(intact).not.toContain(null);
  });

  it.each(Object.keys(DAMAGES))(
    '%s: what our decoder takes, sharp takes too, with the same pixels',
    async (kind) => {
      const random = createSeededRandom(kind.length);
      for (let count = 0; count < FILES; count += 1) {
        const [file, other] = [files[below(3, random)], files[below(3, random)]];
        const damaged = DAMAGES[kind](Buffer.from(file), other, random);
        const ours = decoded(decoder, damaged);
        if (!ours) continue;
        const difference = meanDifference(ours, await decodedBySharp(damaged));
        expect([damaged.toString('base64'), difference < MEAN_DIFFERENCE]).toEqual([expect.anything(), true]);
      }
    },
  );

  it('leave nothing behind in the decoder', () => {
    expect(files.map((file) => decoded(decoder, file))).toEqual(intact);
  });

  // Each of them made our decoder take what libjpeg refuses.
  it.each([0, 1, 2])(
    'impossible numbers of bits in a table for brightness are left to sharp (file %i)',
    (index) => {
      const file = Buffer.from(files[index]);
      const table = file.indexOf(Buffer.from([0xff, 0xc4]));
      expect(file[table + 4]).toBe(0);
      file[table + 5 + 16 + 2] |= 0x40;
      expect(decoded(decoder, file)).toBeNull();
    },
  );
});
