import type { SeededRandom } from './seeded-random.js';
import { glyph, rectangle } from './shapes.js';
import type { Colour, TexturePainter } from './texture-painter.js';
import { fractalNoise, valueNoise, type Noise } from './value-noise.js';

const { abs, floor, hypot, sin, PI } = Math;

const byteColour = (random: SeededRandom): Colour => [
  random.range(0, 255),
  random.range(0, 255),
  random.range(0, 255),
];

const near = (random: SeededRandom, [red, green, blue]: Colour, spread: number): Colour => [
  red + spread * random.normal(),
  green + spread * random.normal(),
  blue + spread * random.normal(),
];

/** Fills an image with one of five kinds of background; none contains a labelled shape. */
export function drawShapeBackground(painter: TexturePainter, random: SeededRandom, seed: number): void {
  const first = byteColour(random);
  const second = near(random, first, 70);
  const noise = fractalNoise(seed, 4);
  const patterns: readonly (() => Noise)[] = [
    () => noise,
    () => veins(noise),
    () => grain(noise),
    () => ripples(random),
    () => waves(noise),
  ];
  painter.fillNoise(random.pick(patterns)(), random.range(15, 90), [first, second]);
  if (random.next() < 0.7)
    painter.modulate(fractalNoise(seed + 1, 3), random.range(4, 20), random.range(0.05, 0.3));
  if (random.next() < 0.4) painter.modulate(valueNoise(seed + 2), 1.5, random.range(0.05, 0.2));
}

/** Marble: dark lines where a warped sine crosses zero. */
const veins =
  (noise: Noise): Noise =>
  (x, y) =>
    abs(sin(PI * (x + 4 * noise(x, y)))) ** 0.5;

/** Wood: bent rings. */
const grain =
  (noise: Noise): Noise =>
  (x, y) => {
    const ring = 2.5 * (0.2 * x + noise(x * 0.4, y * 2));
    return ring - floor(ring);
  };

function ripples(random: SeededRandom): Noise {
  const [centreX, centreY] = [random.range(-4, 8), random.range(-4, 8)];
  return (x, y) => 0.5 + 0.5 * sin(5 * hypot(x - centreX, y - centreY));
}

const waves =
  (noise: Noise): Noise =>
  (x, y) =>
    0.5 + 0.5 * sin(4 * y + 6 * noise(x, y));

/** Signs that look like letters, and thin lines, in random colours. */
export function drawShapeClutter(painter: TexturePainter, random: SeededRandom, most: number): void {
  const count = random.index(most + 1);
  for (let i = 0; i < count; i++) {
    const stroke = {
      x: random.range(0, painter.width),
      y: random.range(0, painter.height),
      angle: random.range(0, 2 * PI),
      colour: byteColour(random),
      opacity: random.range(0.6, 1),
    };
    if (random.next() < 0.5) {
      painter.draw(glyph(random), { ...stroke, size: random.range(4, 24), reach: 1.4 });
    } else {
      const length = random.range(15, 90);
      painter.draw(rectangle(1, random.range(0.6, 2) / length), { ...stroke, size: length, reach: 1.1 });
    }
  }
}
