import sharp from 'sharp';
import { readMaskPaint } from '../../../src/media/mask-reading.js';

const WIDTH = 200;
const HEIGHT = 150;
/** 40 x 30 pixels are painted. */
const PAINTED = 1200;

type Rgba = readonly [number, number, number, number];
const BLACK: Rgba = [0, 0, 0, 255];
const WHITE: Rgba = [255, 255, 255, 255];
const RED: Rgba = [255, 0, 0, 255];
const CLEAR: Rgba = [0, 0, 0, 0];

const isInside = (x: number, y: number): boolean => x >= 80 && x < 120 && y >= 60 && y < 90;

/** An image by its pixels. */
function image(colourAt: (x: number, y: number) => Rgba) {
  const data = new Uint8Array(WIDTH * HEIGHT * 4);
  for (let pixel = 0; pixel < WIDTH * HEIGHT; pixel += 1)
    data.set(colourAt(pixel % WIDTH, Math.floor(pixel / WIDTH)), 4 * pixel);
  return { width: WIDTH, height: HEIGHT, data };
}

/** A rectangle of one colour on a ground of another. */
const drawn = (paint: Rgba, ground: Rgba) => image((x, y) => (isInside(x, y) ? paint : ground));

/** Something with as many colours as a photo. */
const photoAt = (x: number, y: number): Rgba => [x, y, (7 * x + 3 * y) % 256, 255];

const sourceOf = (colourAt: (x: number, y: number) => Rgba) => {
  const { data } = image(colourAt);
  return async () => ({ width: WIDTH, height: HEIGHT, data: data.filter((_, at) => at % 4 !== 3) });
};

const countOf = ({ mask }: { mask: Uint8Array }): number => mask.filter((value) => value === 255).length;

async function asJpeg(given: ReturnType<typeof image>, quality: number) {
  const raw = { width: WIDTH, height: HEIGHT, channels: 4 } as const;
  const jpeg = await sharp(given.data, { raw }).jpeg({ quality }).toBuffer();
  return { ...given, data: await sharp(jpeg).ensureAlpha().raw().toBuffer() };
}

describe('mask reading', () => {
  it.each<[string, ReturnType<typeof image>, string]>([
    ['white on black', drawn(WHITE, BLACK), 'white'],
    ['red on black', drawn(RED, BLACK), 'colour'],
    ['dark blue on black', drawn([0, 0, 120, 255], BLACK), 'colour'],
    ['green on white', drawn([0, 200, 40, 255], WHITE), 'colour'],
    ['magenta on dark grey', drawn([255, 0, 255, 255], [40, 40, 40, 255]), 'colour'],
    ['black with a part erased', drawn(CLEAR, BLACK), 'transparency'],
    ['white with a part erased', drawn(CLEAR, WHITE), 'transparency'],
    ['a photo with a part erased', image((x, y) => (isInside(x, y) ? CLEAR : photoAt(x, y))), 'transparency'],
    ['white on a transparent layer', drawn(WHITE, CLEAR), 'white'],
    ['red on a transparent layer', drawn(RED, CLEAR), 'colour'],
  ])('%s: exactly what was painted is hole', async (_what, given, reading) => {
    const read = await readMaskPaint(given);
    expect([read.reading, countOf(read), read.share]).toEqual([reading, PAINTED, PAINTED / (WIDTH * HEIGHT)]);
    expect(read.mask[75 * WIDTH + 100]).toBe(255);
  });

  it('black on white is white paint: nothing is inverted', async () => {
    const read = await readMaskPaint(drawn(BLACK, WHITE));
    expect([read.reading, countOf(read)]).toEqual(['white', WIDTH * HEIGHT - PAINTED]);
  });

  it('two colours and white on black are paint alike', async () => {
    const read = await readMaskPaint(
      image((x, y) => (isInside(x, y) ? [RED, WHITE, [0, 255, 0, 255] as const][x % 3] : BLACK)),
    );
    expect([read.reading, countOf(read)]).toEqual(['colour', PAINTED]);
  });

  it.each([
    ['red on black', RED, BLACK],
    ['white on black', WHITE, BLACK],
    ['blue on white', [0, 0, 255, 255], WHITE],
  ] as [string, Rgba, Rgba][])('a JPEG of %s loses nothing but its borders', async (_what, paint, ground) => {
    const read = await readMaskPaint(await asJpeg(drawn(paint, ground), 75));
    // One pixel around 40 x 30.
    expect(Math.abs(countOf(read) - PAINTED)).toBeLessThanOrEqual(140);
  });

  it('a soft border ends in its middle', async () => {
    const soft = image((x) => [Math.min(255, Math.max(0, (x - 100) * 16)), 0, 0, 255]);
    const read = await readMaskPaint(soft);
    // 16 steps from 100 on; the middle is 8 of them.
    expect(read.mask.subarray(0, WIDTH).indexOf(255)).toBe(108);
  });

  it('what is neither black nor white is counted, colours and transparency included', async () => {
    const share = PAINTED / (WIDTH * HEIGHT);
    for (const paint of [RED, CLEAR, [128, 128, 128, 255] as const])
      expect((await readMaskPaint(drawn(paint, BLACK))).nonBinaryShare).toBeCloseTo(share, 12);
    expect((await readMaskPaint(drawn(WHITE, BLACK))).nonBinaryShare).toBe(0);
  });

  describe('a copy of the source that was painted over', () => {
    const painted = (paint: Rgba) => image((x, y) => (isInside(x, y) ? paint : photoAt(x, y)));

    it.each([
      ['red', RED],
      ['white', WHITE],
    ])('is told by its source: %s', async (_colour, paint) => {
      const read = await readMaskPaint(painted(paint), sourceOf(photoAt));
      // Where the photo has the colour itself, nothing differs.
      expect(read.reading).toBe('difference');
      expect(Math.abs(countOf(read) - PAINTED)).toBeLessThan(0.05 * PAINTED);
    });

    it('is refused without it, and with another one', async () => {
      const refusal = { code: 'MASK_UNCLEAR', kind: 'invalid' };
      await expect(readMaskPaint(painted(RED))).rejects.toMatchObject(refusal);
      const other = sourceOf((x, y) => photoAt((x + 90) % 256, (y * 2) % 256));
      await expect(readMaskPaint(painted(RED), other)).rejects.toMatchObject(refusal);
    });

    /** Single pixels, 10 apart, are coded far off, and all others a little. */
    const coded = ([red, green, blue]: Rgba, x: number, y: number): Rgba =>
      x % 10 === 5 && y % 10 === 5 ? [red, green, (blue + 128) % 256, 255] : [red, green ^ 1, blue, 255];
    /** A stroke of one pixel's width, 40 long. */
    const isStroke = (x: number, y: number): boolean => x >= 20 && x < 60 && y === 15;

    it('single pixels that coding has changed are no paint, thin strokes are', async () => {
      const copy = image((x, y) => (isInside(x, y) || isStroke(x, y) ? WHITE : coded(photoAt(x, y), x, y)));
      const read = await readMaskPaint(copy, sourceOf(photoAt));
      expect(read.reading).toBe('difference');
      const outside = read.mask.filter((value, pixel) => {
        const [x, y] = [pixel % WIDTH, Math.floor(pixel / WIDTH)];
        return value > 0 && !isInside(x, y) && !isStroke(x, y);
      });
      expect(outside).toHaveLength(0);
      expect(countOf(read)).toBeGreaterThan(0.95 * (PAINTED + 40));
      const unpainted = image((x, y) => coded(photoAt(x, y), x, y));
      expect((await readMaskPaint(unpainted, sourceOf(photoAt))).share).toBe(0);
    });

    it('of a copy without loss every pixel counts', async () => {
      const copy = image((x, y) => (x === 100 && y === 75 ? WHITE : photoAt(x, y)));
      expect(countOf(await readMaskPaint(copy, sourceOf(photoAt)))).toBe(1);
    });

    it('without paint it has no hole', async () => {
      expect((await readMaskPaint(image(photoAt), sourceOf(photoAt))).share).toBe(0);
    });
  });

  it.each<[string, ReturnType<typeof image>]>([
    ['black strokes on a transparent layer', drawn(BLACK, CLEAR)],
    [
      'black and red on white',
      image((x, y) => (isInside(x, y) ? RED : x > 150 && y > 100 && x < 180 && y < 130 ? BLACK : WHITE)),
    ],
    ['white on red', drawn(WHITE, RED)],
    [
      'a mask of black and white with a part erased',
      image((x, y) => (isInside(x, y) ? CLEAR : x > 150 && x < 180 && y > 20 && y < 50 ? WHITE : BLACK)),
    ],
  ])('%s could mean either and is refused', async (_what, given) => {
    await expect(readMaskPaint(given)).rejects.toMatchObject({ code: 'MASK_UNCLEAR' });
  });

  it.each([1, 3, 100])('of the values 0 and %d alone the second is hole', async (value) => {
    const read = await readMaskPaint(drawn([value, value, value, 255], BLACK));
    expect([countOf(read), read.index, read.reading]).toEqual([PAINTED, value, 'white']);
    expect(read.nonBinaryShare).toBeCloseTo(PAINTED / (WIDTH * HEIGHT));
  });

  it('several values below white are refused with the highest of them', async () => {
    const classes = image((x, y) => (isInside(x, y) ? [1, 1, 1, 255] : x < 10 ? [3, 3, 3, 255] : BLACK));
    await expect(readMaskPaint(classes)).rejects.toMatchObject({
      code: 'MASK_EMPTY',
      message: expect.stringMatching(/3 different values are at most 3 of 255/),
    });
  });
});
