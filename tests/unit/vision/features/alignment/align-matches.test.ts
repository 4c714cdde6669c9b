import {
  alignMatches,
  type FindPatches,
  type PatchSearch,
} from '../../../../../src/vision/features/alignment/align-matches.js';
import { findCorrespondences } from '../../../../../src/vision/features/correspondences.js';
import type { Features } from '../../../../../src/vision/features/types.js';
import { createSeededRandom } from '../../../../../src/vision/geometry/two-view/seeded-random.js';

const BYTES = 4;

/** Features with random places and descriptors; patch `k` is full of `k % 256`. */
function goalOf(count: number): Features {
  const random = createSeededRandom(11);
  return {
    count,
    points: Float32Array.from({ length: 2 * count }, () => 20 + 400 * random()),
    scores: new Float32Array(count).fill(1),
    sizes: new Float32Array(count).fill(31),
    angles: new Float32Array(count),
    descriptors: {
      kind: 'binary',
      bytes: 32,
      data: Uint8Array.from({ length: 32 * count }, () => 256 * random()),
    },
    patches: { bytes: BYTES, data: Uint8Array.from({ length: BYTES * count }, (_, k) => k / BYTES) },
  };
}

const SHIFT = [7, -3] as const;
/** The goal's points, moved; the detector was wrong by a third of a pixel. */
const frameOf = ({ patches: _, ...goal }: Features): Features => ({
  ...goal,
  points: goal.points.map((value, k) => value + SHIFT[k % 2] + 0.33),
});

const asSeen = { rectify: (seen: readonly [number, number]) => seen };
/** Finds patches a third of a pixel beside where they were detected. */
const exact: FindPatches = (searches) =>
  searches.map(({ start: [x, y] }) => [Math.fround(x - 0.33), Math.fround(y - 0.33)]);

const goal = goalOf(60);
const features = frameOf(goal);
const found = findCorrespondences(goal, features);

describe('aligning matches', () => {
  it('moves the points to where the patches are, and leaves what the check has found', () => {
    const aligned = alignMatches(goal, found, { features, find: exact, ...asSeen });
    aligned.cur.forEach((value, k) => expect(value).toBeCloseTo(goal.points[k] + SHIFT[k % 2], 3));
    expect({ ...aligned, cur: found.cur }).toEqual(found);
  });

  it('looks for each patch at its match, as the other matches say that the image is stretched there', () => {
    let asked: readonly PatchSearch[] = [];
    const find: FindPatches = (searches) => {
      asked = searches;
      return searches.map(() => null);
    };
    alignMatches(goal, found, { features, find, ...asSeen });
    expect(asked).toHaveLength(60);
    asked.forEach(({ patch, size, start, stretch }, row) => {
      expect([...patch]).toEqual(Array(BYTES).fill(row));
      expect(size).toBe(31);
      expect(start[0]).toBeCloseTo(found.cur[2 * row], 3);
      [1, 0, 0, 1].forEach((value, k) => expect(stretch[k]).toBeCloseTo(value, 4));
    });
  });

  it('keeps the place of points whose patch is not found or lies outside of what the lens can show', () => {
    const find: FindPatches = (searches) => exact(searches).map((place, k) => (k % 2 === 0 ? null : place));
    const rectify = ([x, y]: readonly [number, number]) => (x > 200 ? null : ([x, y] as const));
    const { cur } = alignMatches(goal, found, { features, find, rectify });
    for (let row = 0; row < goal.count; row++) {
      const moved = row % 2 === 1 && features.points[2 * row] - 0.33 <= 200;
      expect(cur[2 * row] === found.cur[2 * row]).toBe(!moved);
    }
  });

  it('searches where the image shows the points, and answers without the distortion of the lens', () => {
    const double = (points: Float32Array): Float32Array => points.map((value) => 2 * value);
    const bent = (of: Features): Features => ({ ...of, seen: double(of.points) });
    const find: FindPatches = (searches) => {
      searches.forEach(({ start }, row) => expect(start[0]).toBe(2 * features.points[2 * row]));
      return searches.map(({ start: [x, y] }) => [x - 1, y - 1]);
    };
    const rectify = ([x, y]: readonly [number, number]) => [x / 2, y / 2] as const;
    const { cur } = alignMatches(bent(goal), found, { features: bent(features), find, rectify });
    cur.forEach((value, k) => expect(value).toBeCloseTo(found.cur[k] - 0.5, 3));
  });

  it('looks for a hundred and fifty patches at most, spread over all matches', () => {
    const many = goalOf(500);
    const frame = frameOf(many);
    const all = findCorrespondences(many, frame);
    const aligned = alignMatches(many, all, { features: frame, find: exact, ...asSeen });
    const rows = [...Array(500).keys()].filter((row) => aligned.cur[2 * row] !== all.cur[2 * row]);
    expect(all.inlierCount).toBe(500);
    expect(rows).toHaveLength(150);
    expect(Math.max(...rows.slice(1).map((row, k) => row - rows[k]))).toBe(4);
  });

  it('leaves frames that are lost, weak or without a map, and goals without patches', () => {
    const frame = { features, find: exact, ...asSeen };
    const { patches: _, ...plain } = goal;
    expect(alignMatches(plain, found, frame)).toBe(found);
    const lost = { ...found, lost: 'TOO_FEW_INLIERS' } as const;
    expect(alignMatches(goal, lost, frame)).toBe(lost);
    const weak = { ...found, weak: 'TOO_FEW_INLIERS' } as const;
    expect(alignMatches(goal, weak, frame)).toBe(weak);
    const few = goalOf(5);
    const fewFound = findCorrespondences(few, frameOf(few));
    expect(fewFound.inlierCount).toBe(5);
    expect(alignMatches(few, fewFound, { ...frame, features: frameOf(few) })).toBe(fewFound);
  });
});
