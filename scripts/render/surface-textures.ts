import { createRandom, type SeededRandom } from './seeded-random.js';
import {
  checkerboard,
  cross,
  disc,
  glyph,
  polygon,
  rectangle,
  ring,
  star,
  stripes,
  type Shape,
} from './shapes.js';
import { TexturePainter, type Colour } from './texture-painter.js';
import { fractalNoise } from './value-noise.js';

/** The surface that a texture is painted for. */
export interface SurfaceSpec {
  /** Size of the surface in metres. */
  readonly width: number;
  readonly height: number;
  readonly texelsPerMetre: number;
  readonly seed: number;
}

/** Paints the texture of one surface. */
export type SurfacePainter = (spec: SurfaceSpec) => TexturePainter;

const INKS: readonly Colour[] = [
  [24, 26, 34],
  [190, 40, 36],
  [32, 78, 158],
  [238, 196, 52],
  [34, 120, 70],
  [240, 240, 236],
  [120, 52, 140],
  [226, 116, 34],
  [70, 160, 190],
  [92, 62, 40],
];
const PAPERS: readonly Colour[] = [
  [236, 232, 220],
  [222, 214, 190],
  [206, 222, 232],
  [240, 224, 204],
  [196, 204, 190],
];
const GROUNDS: readonly (readonly [Colour, Colour])[] = [
  [
    [96, 74, 52],
    [186, 156, 118],
  ],
  [
    [84, 90, 92],
    [172, 172, 162],
  ],
  [
    [70, 92, 78],
    [168, 176, 140],
  ],
];
const CARTONS: readonly (readonly [Colour, Colour])[] = [
  [
    [150, 116, 78],
    [202, 166, 120],
  ],
  [
    [150, 40, 38],
    [206, 76, 60],
  ],
  [
    [36, 70, 128],
    [76, 120, 180],
  ],
  [
    [196, 190, 176],
    [236, 230, 216],
  ],
  [
    [40, 96, 72],
    [88, 150, 112],
  ],
];

/** A worn table or floor with sheets of paper, stickers and marks from 4 mm to 25 cm. */
export function paintGround(spec: SurfaceSpec): TexturePainter {
  const random = createRandom(spec.seed);
  const painter = createPainter(spec);
  const scale = spec.texelsPerMetre;
  const area = spec.width * spec.height;
  painter.fillNoise(fractalNoise(spec.seed, 4), 0.09 * scale, random.pick(GROUNDS));
  scatter(painter, random, { count: 90 * area, sizes: [0.02, 0.06], scale, opacity: 0.75 });
  for (let i = 0; i < 11 * area; i++) drawSheet(painter, random, scale);
  scatter(painter, random, { count: 190 * area, sizes: [0.006, 0.03], scale, opacity: 0.9 });
  scatter(painter, random, { count: 420 * area, sizes: [0.002, 0.006], scale, opacity: 0.9 });
  painter.modulate(fractalNoise(spec.seed + 1, 2), 0.004 * scale, 0.16);
  return painter;
}

/** A printed carton: a plain colour with a label, lines of signs, emblems and scratches. */
export function paintCarton(spec: SurfaceSpec): TexturePainter {
  const random = createRandom(spec.seed);
  const painter = createPainter(spec);
  const scale = spec.texelsPerMetre;
  const area = spec.width * spec.height;
  painter.fillNoise(fractalNoise(spec.seed, 3), 0.03 * scale, random.pick(CARTONS));
  scatter(painter, random, { count: 500 * area, sizes: [0.012, 0.032], scale, opacity: 0.95 });
  for (let i = 0; i < 80 * area; i++) {
    const size = random.logRange(0.006, 0.02) * scale;
    const start = { x: random.range(0, painter.width * 0.8), y: random.range(0, painter.height) };
    drawSigns(painter, random, {
      ...start,
      size,
      angle: 0,
      colour: random.pick(INKS),
      count: 3 + random.index(6),
    });
  }
  scatter(painter, random, { count: 1500 * area, sizes: [0.002, 0.007], scale, opacity: 0.9 });
  painter.modulate(fractalNoise(spec.seed + 1, 2), 0.003 * scale, 0.12);
  return painter;
}

/** Identical tiles, each with the same ring and sign; only wear distinguishes them. */
export function paintTiles(spec: SurfaceSpec): TexturePainter {
  const random = createRandom(spec.seed);
  const painter = createPainter(spec);
  const scale = spec.texelsPerMetre;
  const pitch = 0.07 * scale;
  painter.fillNoise(fractalNoise(spec.seed, 4), 0.15 * scale, random.pick(GROUNDS));
  const sign = glyph(random);
  const [frame, inner, ink] = [random.pick(PAPERS), random.pick(INKS), random.pick(INKS.slice(0, 3))];
  for (let y = pitch / 2; y < painter.height; y += pitch) {
    for (let x = pitch / 2; x < painter.width; x += pitch) {
      painter.draw(rectangle(0.9, 0.9), { x, y, size: pitch / 2, angle: 0, colour: frame, reach: 1.3 });
      painter.draw(ring(0.3), { x, y, size: 0.4 * pitch, angle: 0, colour: inner });
      painter.draw(sign, { x, y, size: 0.2 * pitch, angle: 0, colour: ink, reach: 1.25 });
    }
  }
  scatter(painter, random, {
    count: 120 * spec.width * spec.height,
    sizes: [0.003, 0.012],
    scale,
    opacity: 0.6,
  });
  painter.modulate(fractalNoise(spec.seed + 1, 3), 0.03 * scale, 0.25);
  return painter;
}

/** A nearly uniform surface with some sixty marks per square metre. */
export function paintSparse(spec: SurfaceSpec): TexturePainter {
  const random = createRandom(spec.seed);
  const painter = createPainter(spec);
  const scale = spec.texelsPerMetre;
  const [low, high] = random.pick(GROUNDS);
  const middle: Colour = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, (low[2] + high[2]) / 2];
  painter.fillNoise(fractalNoise(spec.seed, 2), 0.3 * scale, [middle, high]);
  scatter(painter, random, {
    count: 60 * spec.width * spec.height,
    sizes: [0.004, 0.02],
    scale,
    opacity: 0.5,
  });
  painter.modulate(fractalNoise(spec.seed + 1, 2), 0.01 * scale, 0.05);
  return painter;
}

/** Uniform colour; for tests that look for one mark. */
export function paintPlain(spec: SurfaceSpec, colour: Colour): TexturePainter {
  const painter = createPainter(spec);
  painter.fillNoise(() => 0, 1, [colour, colour]);
  return painter;
}

function createPainter(spec: SurfaceSpec): TexturePainter {
  const texels = (metres: number): number => Math.max(8, Math.round(metres * spec.texelsPerMetre));
  return new TexturePainter(texels(spec.width), texels(spec.height));
}

interface Scatter {
  readonly count: number;
  /** Smallest and largest radius in metres. */
  readonly sizes: readonly [number, number];
  readonly scale: number;
  readonly opacity: number;
}

function scatter(
  painter: TexturePainter,
  random: SeededRandom,
  { count, sizes, scale, opacity }: Scatter,
): void {
  for (let i = 0; i < count; i++) {
    painter.draw(randomShape(random), {
      x: random.range(0, painter.width),
      y: random.range(0, painter.height),
      size: random.logRange(...sizes) * scale,
      angle: random.range(0, 2 * Math.PI),
      colour: random.pick(INKS),
      opacity: opacity * random.range(0.7, 1),
      reach: 1.3,
    });
  }
}

function randomShape(random: SeededRandom): Shape {
  const kinds: readonly (() => Shape)[] = [
    () => disc,
    () => ring(random.range(0.25, 0.6)),
    () => rectangle(random.range(0.4, 0.8), random.range(0.25, 0.6)),
    () => polygon(3 + random.index(4)),
    () => star(4 + random.index(4)),
    () => cross(random.range(0.2, 0.4)),
    () => checkerboard(2 + random.index(3)),
    () => stripes(2 + random.index(3)),
    () => glyph(random),
  ];
  return random.pick(kinds)();
}

function drawSheet(painter: TexturePainter, random: SeededRandom, scale: number): void {
  const sheet = {
    x: random.range(0, painter.width),
    y: random.range(0, painter.height),
    size: random.range(0.06, 0.12) * scale,
    angle: random.range(0, 2 * Math.PI),
  };
  const halfHeight = random.range(0.55, 0.8);
  const halfWidth = random.range(0.7, 0.95);
  painter.draw(rectangle(halfWidth, halfHeight), { ...sheet, colour: random.pick(PAPERS), reach: 1.3 });
  const lines = 3 + random.index(4);
  for (let line = 0; line < lines; line++) {
    const down = (((line + 0.5) / lines) * 2 - 1) * halfHeight * 0.9;
    const size = ((halfHeight * 0.55) / lines) * sheet.size * random.range(0.7, 1);
    const left = -halfWidth * 0.85;
    const count = Math.floor((random.range(0.5, 1) * halfWidth * 1.6 * sheet.size) / (1.5 * size));
    drawSigns(painter, random, {
      x: sheet.x + (Math.cos(sheet.angle) * left - Math.sin(sheet.angle) * down) * sheet.size,
      y: sheet.y + (Math.sin(sheet.angle) * left + Math.cos(sheet.angle) * down) * sheet.size,
      size,
      angle: sheet.angle,
      colour: random.pick(INKS.slice(0, 3)),
      count,
    });
  }
}

interface SignLine {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly angle: number;
  readonly colour: Colour;
  readonly count: number;
}

function drawSigns(painter: TexturePainter, random: SeededRandom, line: SignLine): void {
  for (let i = 0; i < line.count; i++) {
    if (random.next() < 0.12) continue;
    painter.draw(glyph(random), {
      x: line.x + Math.cos(line.angle) * 1.5 * i * line.size,
      y: line.y + Math.sin(line.angle) * 1.5 * i * line.size,
      size: line.size,
      angle: line.angle,
      colour: line.colour,
      reach: 1.25,
    });
  }
}
