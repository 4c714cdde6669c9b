import { DEMO_GOAL, distanceFrom, drawStart } from '../../../../scripts/demo-live/start-poses.js';
import { shareInView } from '../../../../scripts/render/clip-truth.js';
import { createRandom } from '../../../../scripts/render/seeded-random.js';
import { defaultIntrinsics } from '../../../../src/vision/geometry/camera.js';
import type { Vec3 } from '../../../../src/vision/geometry/vector.js';

const model = { width: 640, height: 480, intrinsics: defaultIntrinsics(640, 480), supersampling: 1 };
/** A table top as wide as the goal's view. */
const points = Array.from({ length: 21 * 21 }, (_, index): Vec3 => [
  0.035 * ((index % 21) - 10),
  0.03 * (Math.floor(index / 21) - 10),
  0,
]);

describe('the starts of the live demo', () => {
  const draw = (seed: number, count: number) => {
    const random = createRandom(seed);
    return Array.from({ length: count }, () => drawStart(random, points, model));
  };
  const starts = draw(1, 60);
  const distances = starts.map((start) => distanceFrom({ goal: DEMO_GOAL, start }));

  it('are as far and as turned as documented, and use that range', () => {
    const rolls = distances.map(({ rollDeg }) => Math.abs(rollDeg));
    const metres = distances.map(({ sceneMetres }) => sceneMetres);
    expect(Math.max(...rolls)).toBeLessThanOrEqual(60);
    expect(Math.max(...rolls)).toBeGreaterThan(55);
    expect(Math.min(...metres)).toBeGreaterThanOrEqual(0.35);
    expect(Math.min(...metres)).toBeLessThan(0.4);
    expect(Math.max(...metres)).toBeLessThanOrEqual(1.4);
    expect(Math.max(...metres)).toBeGreaterThan(1.2);
  });

  it('see a part of the goal', () => {
    const shares = starts.map((start) => shareInView(points, start, model));
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.15);
  });

  it('are the same ones for the same seed', () => {
    expect(draw(1, 3)).toEqual(starts.slice(0, 3));
    expect(draw(2, 1)[0]).not.toEqual(starts[0]);
  });
});
