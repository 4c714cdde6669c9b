import { createSeededRandom } from '../../../../src/vision/geometry/two-view/seeded-random.js';
import { matchFeatures } from '../../../../src/vision/features/matcher.js';
import type { Descriptors, Features } from '../../../../src/vision/features/types.js';

const random = createSeededRandom(7);

function withDescriptors(count: number, descriptors: Descriptors, points = scattered(count)): Features {
  const column = (): Float32Array => new Float32Array(count);
  return { count, points, scores: column(), sizes: column(), angles: column(), descriptors };
}

const scattered = (count: number): Float32Array =>
  Float32Array.from({ length: 2 * count }, () => random() * 640);
const randomBytes = (length: number): Uint8Array =>
  Uint8Array.from({ length }, () => Math.floor(random() * 256));
const binary = (bytes: number, data: Uint8Array): Features =>
  withDescriptors(data.length / bytes, { kind: 'binary', bytes, data });
const floats = (width: number, data: Float32Array): Features =>
  withDescriptors(data.length / width, { kind: 'float', width, data });

function bitsThatDiffer(a: Features, i: number, b: Features, j: number): number {
  if (a.descriptors.kind !== 'binary' || b.descriptors.kind !== 'binary') throw new Error('binary only');
  const { bytes } = a.descriptors;
  let bits = '';
  for (let k = 0; k < bytes; k++) {
    bits += (a.descriptors.data[i * bytes + k] ^ b.descriptors.data[j * bytes + k]).toString(2);
  }
  return bits.replaceAll('0', '').length;
}

function euclidean(a: Features, i: number, b: Features, j: number): number {
  if (a.descriptors.kind !== 'float' || b.descriptors.kind !== 'float') throw new Error('floats only');
  const { width } = a.descriptors;
  const row = (features: Float32Array, r: number): number[] => [
    ...features.slice(r * width, (r + 1) * width),
  ];
  const other = row(b.descriptors.data, j);
  return Math.hypot(...row(a.descriptors.data, i).map((value, k) => value - other[k]));
}

/** The definition, literally: sort all distances of the row and of the column. */
function naiveMatches(goal: Features, current: Features, distance: typeof euclidean): number[][] {
  const all = (n: number): number[] => Array.from({ length: n }, (_, k) => k);
  const pairs: number[][] = [];
  for (const i of all(goal.count)) {
    const row = all(current.count).map((j) => ({ j, d: distance(goal, i, current, j) }));
    row.sort((a, b) => a.d - b.d || a.j - b.j);
    const [{ j, d }] = row;
    const place = (k: number): [number, number] => [current.points[2 * k], current.points[2 * k + 1]];
    const second = row.find(
      ({ j: k }) => Math.hypot(place(k)[0] - place(j)[0], place(k)[1] - place(j)[1]) >= 4,
    );
    const mutual = all(goal.count).every((k) => distance(goal, k, current, j) > d || k >= i);
    if (mutual && second !== undefined && d < 0.8 * second.d) pairs.push([i, j, d]);
  }
  return pairs;
}

/** Copies of the rows, each with more random bits changed than the one before, in reverse order and among strangers. */
function disturbed(data: Uint8Array, bytes: number): Uint8Array {
  const rows = Array.from({ length: data.length / bytes }, (_, r) => data.slice(r * bytes, (r + 1) * bytes));
  rows.forEach((row, r) => {
    const flips = (r / rows.length) * 6 * bytes;
    for (let k = 0; k < flips; k++) row[Math.floor(random() * bytes)] ^= 1 << Math.floor(random() * 8);
  });
  return Uint8Array.from([...rows.reverse(), randomBytes(30 * bytes)].flatMap((row) => [...row]));
}

function toRows({ count, goalIndex, currentIndex, distances }: ReturnType<typeof matchFeatures>): number[][] {
  return Array.from({ length: count }, (_, k) => [goalIndex[k], currentIndex[k], distances[k]]);
}

describe('matchFeatures', () => {
  it.each([32, 61, 64, 5])('agrees with the definition on %i-byte bit strings', (bytes) => {
    const data = randomBytes(90 * bytes);
    const goal = binary(bytes, data);
    const current = binary(bytes, disturbed(data, bytes));
    const expected = naiveMatches(goal, current, bitsThatDiffer);
    expect(expected.length).toBeGreaterThan(10);
    expect(expected.length).toBeLessThan(90);
    expect(toRows(matchFeatures(goal, current))).toEqual(expected);
  });

  it('agrees with the definition on real vectors', () => {
    const data = Float32Array.from({ length: 60 * 9 }, () => random());
    const noisy = data.map((value) => value + 0.25 * (random() - 0.5));
    const goal = floats(9, data);
    const current = floats(9, noisy.toReversed());
    const reversed = floats(9, data.toReversed());
    const expected = naiveMatches(reversed, current, euclidean);
    const found = toRows(matchFeatures(reversed, current));
    expect(found.map(([i, j]) => [i, j])).toEqual(expected.map(([i, j]) => [i, j]));
    expect(expected.length).toBeGreaterThan(20);
    found.forEach(([, , distance], k) => expect(distance).toBeCloseTo(expected[k][2], 4));
    expect(matchFeatures(goal, goal).count).toBe(60);
  });

  it('does not take the opposite of a bit string for its equal', () => {
    const row = randomBytes(32);
    const opposite = row.map((byte) => byte ^ 255);
    const matches = matchFeatures(binary(32, row), binary(32, Uint8Array.from([...opposite, ...opposite])));
    expect(matches.count).toBe(0);
    const near = matchFeatures(binary(32, row), binary(32, Uint8Array.from([...opposite, ...row])));
    expect(toRows(near)).toEqual([[0, 1, 0]]);
  });

  it('reads descriptors that do not start on a word boundary', () => {
    const data = randomBytes(20 * 32);
    const shifted = new Uint8Array(data.length + 3);
    shifted.set(data, 3);
    expect(matchFeatures(binary(32, shifted.subarray(3)), binary(32, data)).count).toBe(20);
  });

  it('refuses ambiguous places but not the same corner found twice', () => {
    const row = randomBytes(32);
    const almost = Uint8Array.from(row);
    almost[0] ^= 1;
    const data = Uint8Array.from([...row, ...almost, ...randomBytes(32)]);
    const goal = binary(
      32,
      Uint8Array.from(row, (byte, k) => (k < 6 ? byte ^ 20 : byte)),
    );
    const at = (x: number): Features =>
      withDescriptors(3, { kind: 'binary', bytes: 32, data }, Float32Array.of(100, 100, x, 100, 400, 300));
    expect(matchFeatures(goal, at(101)).count).toBe(1);
    expect(matchFeatures(goal, at(200)).count).toBe(0);
  });

  it('gives a current point to the nearest of two goal points that want it', () => {
    const row = randomBytes(32);
    const nearer = Uint8Array.from(row, (byte, k) => (k === 0 ? byte ^ 1 : byte));
    const farther = Uint8Array.from(row, (byte, k) => (k === 0 ? byte ^ 7 : byte));
    const current = binary(32, Uint8Array.from([...randomBytes(64), ...row]));
    expect(toRows(matchFeatures(binary(32, Uint8Array.from([...farther, ...nearer])), current))).toEqual([
      [1, 2, 1],
    ]);
  });

  it('finds nothing where there is nothing to compare', () => {
    const none = binary(32, new Uint8Array(0));
    const one = binary(32, randomBytes(32));
    const some = binary(32, randomBytes(320));
    for (const [goal, current] of [
      [none, none],
      [none, some],
      [some, none],
      [one, one],
    ]) {
      expect(matchFeatures(goal, current).count).toBe(0);
    }
  });

  it('refuses descriptors of different detectors', () => {
    const orb = binary(32, randomBytes(320));
    expect(() => matchFeatures(orb, binary(64, randomBytes(640)))).toThrow(/32 bytes and 64 bytes/);
    expect(() => matchFeatures(orb, floats(8, new Float32Array(80)))).toThrow(/8 numbers/);
  });
});
