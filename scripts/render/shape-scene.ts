import { createRandom, type SeededRandom } from './seeded-random.js';
import { Sensor } from './sensor.js';
import { drawShapeBackground, drawShapeClutter } from './shape-scene-background.js';
import { checkerboard, cross, disc, polygon, rectangle, ring, star, stripes, type Shape } from './shapes.js';
import { TexturePainter, type Colour } from './texture-painter.js';

const { abs, ceil, cos, floor, hypot, max, min, sin, sqrt, PI } = Math;

/** One shape of a scene and the bounding box of its visible part, in pixels. */
interface SceneObject {
  readonly label: string;
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** A drawn scene: row-major RGB bytes and its objects. */
export interface ShapeScene {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  readonly objects: readonly SceneObject[];
}

/** Returns a background of the scene's size; by default it is drawn. */
export type BackgroundSource = (random: SeededRandom, size: SceneSize) => Uint8ClampedArray;

interface SceneSize {
  readonly width: number;
  readonly height: number;
}

const SIZES: readonly SceneSize[] = [
  { width: 320, height: 320 },
  { width: 320, height: 240 },
  { width: 240, height: 320 },
];
const MAX_OBJECTS = 12;
/** Longest side of an object's box, pixels; twice the minimum for patterns, because they have small parts. */
const [SMALLEST, LARGEST] = [8, 200];
/** Minimum share of an object that is visible and inside the scene. */
const SEEN = 0.65;
/** Positions tried per object. */
const ATTEMPTS = 6;

const KINDS: Readonly<Record<string, (random: SeededRandom) => Shape>> = {
  circle: () => disc,
  ring: (random) => ring(random.range(0.25, 0.6)),
  triangle: () => polygon(3),
  rectangle: (random) => (random.next() < 0.3 ? polygon(4) : rectangle(0.8, random.range(0.28, 0.8))),
  star: (random) => star(5 + random.index(3)),
  cross: (random) => cross(random.range(0.2, 0.4)),
  checkerboard: (random) => checkerboard(3 + random.index(3)),
  stripes: (random) => stripes(3 + random.index(3)),
};
const PATTERNS = ['checkerboard', 'stripes'];

/** Draws a scene of 1 to 12 shapes, which may partly cover each other: blurred, noisy, unevenly lit. */
export function drawShapeScene(seed: number, background?: BackgroundSource): ShapeScene {
  const random = createRandom(seed);
  const size = random.pick(SIZES);
  const painter = new TexturePainter(size.width, size.height);
  if (background) painter.fill(background(random, size));
  else drawShapeBackground(painter, random, seed);
  drawShapeClutter(painter, random, 10);
  const map = new ObjectMap(size);
  const count = 1 + random.index(MAX_OBJECTS);
  for (let i = 0; i < count; i++) addObject(painter, map, random);
  drawShapeClutter(painter, random, 2);
  return { ...size, data: expose(painter, random, seed), objects: map.objects() };
}

function addObject(painter: TexturePainter, map: ObjectMap, random: SeededRandom): void {
  const label = random.pick(Object.keys(KINDS));
  const stretch = random.range(0.86, 1.16);
  const base = KINDS[label](random);
  const shape: Shape = (x, y) => base(x * stretch, y / stretch) / max(stretch, 1 / stretch);
  const angle = random.range(0, 2 * PI);
  const smallest = SMALLEST * (PATTERNS.includes(label) ? 2 : 1);
  const side = random.logRange(smallest, min(LARGEST, 0.8 * min(painter.width, painter.height)));
  const scale = side / longestSide(shape, angle);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const place = {
      x: random.range(0, painter.width),
      y: random.range(0, painter.height),
      size: scale,
      angle,
    };
    const pixels = coveredPixels(shape, place, painter);
    if (!map.hasRoomFor(pixels)) continue;
    map.add(label, pixels);
    const colour = contrastingColour(random, meanColour(painter, pixels.inside));
    painter.draw(shape, { ...place, colour, opacity: random.range(0.8, 1), reach: REACH });
    return;
  }
}

/** Maximum extent of a shape around its centre: the corner of a stretched square. */
const REACH = 1.7;
const STEPS = 120;

/** Longest side of the bounding box of a shape of unit size. */
function longestSide(shape: Shape, angle: number): number {
  let [left, top, right, bottom] = [REACH, REACH, -REACH, -REACH];
  for (let row = 0; row < STEPS; row++) {
    for (let column = 0; column < STEPS; column++) {
      const x = ((column + 0.5) / STEPS) * 2 * REACH - REACH;
      const y = ((row + 0.5) / STEPS) * 2 * REACH - REACH;
      if (shape(x * cos(angle) + y * sin(angle), y * cos(angle) - x * sin(angle)) > 0) continue;
      [left, top, right, bottom] = [min(left, x), min(top, y), max(right, x), max(bottom, y)];
    }
  }
  return max(right - left, bottom - top);
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly angle: number;
}

/** Pixels covered by a shape, and the number that it would cover without the scene's edges. */
interface CoveredPixels {
  readonly inside: readonly number[];
  readonly all: number;
}

function coveredPixels(
  shape: Shape,
  { x: centreX, y: centreY, size, angle }: Place,
  scene: SceneSize,
): CoveredPixels {
  const inside: number[] = [];
  let all = 0;
  const radius = REACH * size;
  for (let y = ceil(centreY - radius); y <= floor(centreY + radius); y++) {
    for (let x = ceil(centreX - radius); x <= floor(centreX + radius); x++) {
      const [dx, dy] = [(x - centreX) / size, (y - centreY) / size];
      if (shape(dx * cos(angle) + dy * sin(angle), dy * cos(angle) - dx * sin(angle)) > 0) continue;
      all++;
      if (x >= 0 && y >= 0 && x < scene.width && y < scene.height) inside.push(y * scene.width + x);
    }
  }
  return { inside, all };
}

/** The object shown by each pixel of a scene. */
class ObjectMap {
  readonly #owner: Int32Array;
  readonly #labels: string[] = [];
  readonly #areas: number[] = [];
  readonly #seen: number[] = [];

  readonly #size: SceneSize;

  constructor(size: SceneSize) {
    this.#size = size;

    this.#owner = new Int32Array(size.width * size.height).fill(-1);
  }

  /** Whether enough of the new object, and of every older one, remains visible. */
  hasRoomFor({ inside, all }: CoveredPixels): boolean {
    if (all === 0 || inside.length < SEEN * all) return false;
    const lost = this.#areas.map(() => 0);
    for (const pixel of inside) if (this.#owner[pixel] >= 0) lost[this.#owner[pixel]]++;
    return this.#areas.every((area, i) => this.#seen[i] - lost[i] >= SEEN * area);
  }

  add(label: string, { inside, all }: CoveredPixels): void {
    for (const pixel of inside) {
      if (this.#owner[pixel] >= 0) this.#seen[this.#owner[pixel]]--;
      this.#owner[pixel] = this.#labels.length;
    }
    this.#labels.push(label);
    this.#areas.push(all);
    this.#seen.push(inside.length);
  }

  objects(): SceneObject[] {
    const { width } = this.#size;
    return this.#labels.map((label, i) => {
      let [left, top, right, bottom] = [Infinity, Infinity, -1, -1];
      this.#owner.forEach((owner, pixel) => {
        if (owner !== i) return;
        const [x, y] = [pixel % width, floor(pixel / width)];
        [left, top, right, bottom] = [min(left, x), min(top, y), max(right, x), max(bottom, y)];
      });
      return { label, box: { x: left, y: top, width: right - left + 1, height: bottom - top + 1 } };
    });
  }
}

/** Minimum difference in brightness, or in colour, between an object and its background; grey levels of 255. */
const [MIN_BRIGHTNESS, MIN_COLOUR] = [42, 100];
const COLOUR_ATTEMPTS = 20;

function contrastingColour(random: SeededRandom, behind: Colour): Colour {
  let best: Colour = [0, 0, 0];
  let bestContrast = -1;
  for (let attempt = 0; attempt < COLOUR_ATTEMPTS; attempt++) {
    const colour: Colour = [random.range(10, 250), random.range(10, 250), random.range(10, 250)];
    const contrast = max(
      abs(brightness(colour) - brightness(behind)) / MIN_BRIGHTNESS,
      hypot(colour[0] - behind[0], colour[1] - behind[1], colour[2] - behind[2]) / MIN_COLOUR,
    );
    if (contrast >= 1) return colour;
    if (contrast > bestContrast) [best, bestContrast] = [colour, contrast];
  }
  return best;
}

const brightness = ([red, green, blue]: Colour): number => 0.299 * red + 0.587 * green + 0.114 * blue;

function meanColour(painter: TexturePainter, pixels: readonly number[]): Colour {
  const sums: [number, number, number] = [0, 0, 0];
  for (const pixel of pixels) {
    for (let channel = 0; channel < 3; channel++) sums[channel] += painter.pixels[3 * pixel + channel];
  }
  return [sums[0] / pixels.length, sums[1] / pixels.length, sums[2] / pixels.length];
}

/** Simulates a camera: light from one side, blur and noise. */
function expose(painter: TexturePainter, random: SeededRandom, seed: number): Uint8Array {
  const { width, height } = painter;
  const light = Float32Array.from(painter.pixels);
  const [fall, angle] = [random.range(0, 0.4), random.range(0, 2 * PI)];
  for (let i = 0; i < light.length; i++) {
    const pixel = floor(i / 3);
    const across = (pixel % width) / width - 0.5;
    const down = floor(pixel / width) / height - 0.5;
    light[i] *= 1 - fall * (0.5 + (across * cos(angle) + down * sin(angle)) / sqrt(2));
  }
  const sigma = random.next() < 0.6 ? random.range(0.3, 1.3) : 0;
  const blurred = sigma > 0 ? blur(light, { width, height }, sigma) : light;
  return new Sensor(seed + 1, random.range(0.5, 11)).expose(blurred, 3 * width);
}

function blur(values: Float32Array, { width, height }: SceneSize, sigma: number): Float32Array {
  const reach = ceil(3 * sigma);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * sigma ** 2)),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const along = (
    source: Float32Array,
    step: number,
    at: (i: number) => readonly [number, number],
  ): Float32Array =>
    source.map((_, i) => {
      const [place, count] = at(i);
      let sum = 0;
      for (let k = -reach; k <= reach; k++) {
        const shifted = min(count - 1, max(0, place + k)) - place;
        sum += weights[k + reach] * source[i + shifted * step];
      }
      return sum / total;
    });
  const rows = along(values, 3, (i) => [floor(i / 3) % width, width]);
  return along(rows, 3 * width, (i) => [floor(i / (3 * width)), height]);
}
