import type { PatchSearch } from '../../../../../src/vision/features/alignment/align-matches.js';
import { OrbExtractor } from '../../../../../src/vision/features/orb/orb-extraction.js';
import type { PlanePoint } from '../../../../../src/vision/geometry/lens.js';
import { createSeededRandom } from '../../../../../src/vision/geometry/two-view/seeded-random.js';
import { flat, spotMap, spotsSeen, type SpotView } from '../test-images.js';

const [WIDTH, HEIGHT] = [320, 240];
const SIZE = { width: WIDTH, height: HEIGHT };
const extractor = new OrbExtractor(300);
const goal = extractor.extract(spotsSeen(WIDTH, HEIGHT), true);
const { data: patches, bytes } = goal.patches ?? { data: new Uint8Array(), bytes: 0 };
const pointOf = (row: number): PlanePoint => [goal.points[2 * row], goal.points[2 * row + 1]];

/** A search for each of the goal's points that a view shows well inside, from `off` pixels beside its place. */
function searchesIn(view: SpotView, off: PlanePoint) {
  const { place, stretch } = spotMap(view, SIZE);
  const rows = [...Array(goal.count).keys()].filter((row) => {
    const [x, y] = place(...pointOf(row));
    const margin = goal.sizes[row] * (view.scale ?? 1);
    return x > margin && y > margin && x < WIDTH - margin && y < HEIGHT - margin;
  });
  return rows.map((row) => {
    const truth = place(...pointOf(row));
    const start = [truth[0] + off[0], truth[1] + off[1]] as const;
    const patch = patches.subarray(bytes * row, bytes * (row + 1));
    const search: PatchSearch = { patch, size: goal.sizes[row], start, stretch };
    return { search, truth };
  });
}

const apart = (place: PlanePoint | null, [x, y]: PlanePoint): number =>
  place === null ? Infinity : Math.hypot(place[0] - x, place[1] - y);
const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

describe('patches of ORB', () => {
  it.each<[string, SpotView]>([
    ['moved by fractions of a pixel', { shift: [0.37, -0.61] }],
    ['turned', { degrees: 33, shift: [0.2, 0.4] }],
    ['larger and turned', { degrees: -70, scale: 1.4, shift: [0.25, 0.1] }],
    ['smaller and turned', { degrees: 120, scale: 0.75, shift: [-0.3, 0.45] }],
    ['in other light', { shift: [0.37, -0.61], light: [0.6, 30] }],
  ])('are found to a twentieth of a pixel: %s', (_, view) => {
    const searches = searchesIn(view, [0.5, -0.4]);
    expect(searches.length).toBeGreaterThan(40);
    extractor.extract(spotsSeen(WIDTH, HEIGHT, view));
    const found = extractor.find(searches.map(({ search }) => search));
    const errors = found.map((place, k) => apart(place, searches[k].truth));
    const near = errors.filter((error) => error < 0.25).length;
    expect(middle(errors)).toBeLessThan(0.05);
    expect(near).toBeGreaterThan(0.9 * errors.length);
  });

  it('are not found where there is no texture', () => {
    const [{ search }] = searchesIn({}, [0, 0]);
    extractor.extract(flat(WIDTH, HEIGHT, 128));
    expect(extractor.find([search])).toEqual([null]);
    extractor.extract(spotsSeen(WIDTH, HEIGHT));
    expect(extractor.find([search])[0]).not.toBeNull();
    expect(extractor.find([{ ...search, patch: new Uint8Array(bytes).fill(90) }])).toEqual([null]);
  });

  it('are not found along an edge, which does not tell how far', () => {
    const [{ search }] = searchesIn({}, [0, 0]);
    const side = Math.sqrt(bytes);
    const random = createSeededRandom(2);
    const noisy = (grey: number): number => grey + 3 * random();
    const edge = Uint8Array.from({ length: bytes }, (_, k) => noisy(k % side < side / 2 ? 60 : 180));
    const data = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, k) => noisy(k % WIDTH < 160 ? 60 : 180));
    extractor.extract({ ...SIZE, data });
    const places = Array.from({ length: 40 }, (_, k) => [159.5, 40 + 4 * k] as const);
    const found = extractor.find(places.map((start) => ({ ...search, patch: edge, size: 31, start })));
    expect(found.filter((place) => place !== null)).toEqual([]);
  });

  it('are mostly not found where the image shows other spots', () => {
    const searches = searchesIn({}, [0, 0]).map(({ search }) => search);
    const elsewhere = searches.map((search, k) => ({
      ...search,
      start: searches.at(k - 9)?.start ?? search.start,
    }));
    extractor.extract(spotsSeen(WIDTH, HEIGHT));
    const found = extractor.find(elsewhere).filter((place) => place !== null);
    expect(found.length).toBeLessThan(0.2 * searches.length);
  });

  it.each<[string, PlanePoint]>([
    ['at the edge', [3, 120]],
    ['outside', [-400, 120]],
    ['far outside', [1e9, -1e9]],
    ['at no place', [NaN, NaN]],
  ])('are not found %s of the image', (_, start) => {
    const [{ search }] = searchesIn({}, [0, 0]);
    extractor.extract(spotsSeen(WIDTH, HEIGHT));
    expect(extractor.find([{ ...search, start }])).toEqual([null]);
  });

  it('are not found by maps that flatten or blow up the image', () => {
    const [{ search }] = searchesIn({}, [0, 0]);
    extractor.extract(spotsSeen(WIDTH, HEIGHT));
    const stretches = [
      [0, 0, 0, 0],
      [1e9, 0, 0, 1e9],
    ] as const;
    const found = extractor.find(stretches.map((stretch) => ({ ...search, stretch })));
    expect(found).toEqual([null, null]);
  });

  it('belong to goals alone', () => {
    expect(extractor.extract(spotsSeen(WIDTH, HEIGHT)).patches).toBeUndefined();
    expect(patches).toHaveLength(bytes * goal.count);
  });
});
