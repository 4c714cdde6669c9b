import { createSeededRandom, type Random } from '../../../src/vision/geometry/two-view/seeded-random.js';

/** Kinds of evaluated holes. */
export const MASK_KINDS = ['thin', 'wide', 'box'] as const;
/** See {@link MASK_KINDS}. */
export type MaskKind = (typeof MASK_KINDS)[number];

interface Canvas {
  readonly width: number;
  readonly height: number;
  /** 255 = hole. */
  readonly data: Uint8Array;
}

/** Strokes: width, segment length, and share of the image to cover. */
const STROKES = {
  thin: { width: [3, 15], length: [20, 80], share: 0.07 },
  wide: { width: [24, 56], length: [30, 110], share: 0.2 },
} as const;
const BOX_SHARE = 0.06;

/** Creates a hole of a kind for an image size; the same seed gives the same hole. */
export function makeMask(kind: MaskKind, size: { width: number; height: number }, seed: number): Canvas {
  const random = createSeededRandom(seed);
  const canvas = { ...size, data: new Uint8Array(size.width * size.height) };
  if (kind === 'box') drawBox(canvas, random);
  else drawStrokes(canvas, random, STROKES[kind]);
  return canvas;
}

function drawBox({ width, height, data }: Canvas, random: Random): void {
  const aspect = 0.6 + random() * 1.1;
  const boxWidth = Math.min(width - 60, Math.round(Math.sqrt(BOX_SHARE * width * height * aspect)));
  const boxHeight = Math.min(height - 60, Math.round((BOX_SHARE * width * height) / boxWidth));
  const left = Math.floor(20 + random() * (width - boxWidth - 40));
  const top = Math.floor(20 + random() * (height - boxHeight - 40));
  for (let y = top; y < top + boxHeight; y++) data.fill(255, y * width + left, y * width + left + boxWidth);
}

function drawStrokes(
  canvas: Canvas,
  random: Random,
  { width, length, share }: (typeof STROKES)['thin' | 'wide'],
) {
  const between = (low: number, high: number): number => low + random() * (high - low);
  let covered = 0;
  while (covered < share) {
    let x = random() * canvas.width;
    let y = random() * canvas.height;
    let angle = random() * 2 * Math.PI;
    const thickness = between(width[0], width[1]);
    const pieces = 1 + Math.floor(random() * 4);
    for (let piece = 0; piece < pieces && covered < share; piece++) {
      angle += between(-1.1, 1.1);
      const step = between(length[0], length[1]);
      const end = { x: x + step * Math.cos(angle), y: y + step * Math.sin(angle) };
      drawPiece(canvas, { x, y }, end, thickness / 2);
      x = end.x;
      y = end.y;
      covered = canvas.data.reduce((sum, value) => sum + Number(value > 0), 0) / canvas.data.length;
    }
  }
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Marks every pixel within `radius` of the segment from `a` to `b`. */
function drawPiece({ width, height, data }: Canvas, a: Point, b: Point, radius: number): void {
  const left = Math.max(0, Math.floor(Math.min(a.x, b.x) - radius));
  const right = Math.min(width - 1, Math.ceil(Math.max(a.x, b.x) + radius));
  const top = Math.max(0, Math.floor(Math.min(a.y, b.y) - radius));
  const bottom = Math.min(height - 1, Math.ceil(Math.max(a.y, b.y) + radius));
  const squared = (b.x - a.x) ** 2 + (b.y - a.y) ** 2;
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const along = ((x - a.x) * (b.x - a.x) + (y - a.y) * (b.y - a.y)) / squared;
      const share = Math.min(1, Math.max(0, along));
      const gap = Math.hypot(x - a.x - share * (b.x - a.x), y - a.y - share * (b.y - a.y));
      if (gap <= radius) data[y * width + x] = 255;
    }
  }
}
