// Local aliases: looking up the global `Math` in Jest's sandbox costs a hundred times the operation itself.
const { floor, imul } = Math;

/** Deterministic noise in the plane, 0 to 1. */
export type Noise = (x: number, y: number) => number;

/** Value noise: a hash at every integer point, smoothly interpolated. Fast where consecutive points share a cell. */
export function valueNoise(seed: number): Noise {
  let [lastColumn, lastRow] = [NaN, NaN];
  let [topLeft, topRight, bottomLeft, bottomRight] = [0, 0, 0, 0];
  return (x, y) => {
    const column = floor(x);
    const row = floor(y);
    if (column !== lastColumn || row !== lastRow) {
      topLeft = hash(column, row, seed);
      topRight = hash(column + 1, row, seed);
      bottomLeft = hash(column, row + 1, seed);
      bottomRight = hash(column + 1, row + 1, seed);
      lastColumn = column;
      lastRow = row;
    }
    const fx = smooth(x - column);
    return mix(mix(topLeft, topRight, fx), mix(bottomLeft, bottomRight, fx), smooth(y - row));
  };
}

/** Sum of `octaves` noises, each at twice the frequency and half the amplitude of the previous one; 0 to 1. */
export function fractalNoise(seed: number, octaves: number): Noise {
  const layers = Array.from({ length: octaves }, (_, octave) => valueNoise(seed + octave * 7919));
  const total = 2 - 2 ** (1 - octaves);
  return (x, y) => {
    let sum = 0;
    let frequency = 1;
    for (const layer of layers) {
      sum += layer(x * frequency, y * frequency) / frequency;
      frequency *= 2;
    }
    return sum / total;
  };
}

const mix = (a: number, b: number, share: number): number => a + (b - a) * share;
const smooth = (t: number): number => t * t * (3 - 2 * t);

/** Uniform in [0, 1] from two integers and a seed, by integer multiplications only. */
function hash(x: number, y: number, seed: number): number {
  let mixed = imul(x, 0x27d4eb2d) ^ imul(y, 0x165667b1) ^ imul(seed, 0x9e3779b1);
  mixed = imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
  mixed = imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 4294967295;
}
