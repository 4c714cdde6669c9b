import type { Mask } from '../../../../src/vision/image/mask.js';
import { align } from '../../../../src/vision/motion/alignment.js';
import { localMotion } from '../../../../src/vision/motion/local-motion.js';
import { chain, follow, reverse, type MotionField } from '../../../../src/vision/motion/motion-field.js';
import { pyramidOf } from '../../../../src/vision/motion/pyramid.js';
import { STILL, type Warp } from '../../../../src/vision/motion/warp.js';
import { rectangleMask } from '../../../support/inpainting-run.js';

const size = { width: 320, height: 240 };
/** Left of it the scene is far, right of it near. */
const EDGE = 200;
const FAR = 1.5;
const NEAR = 4.5;
/** Lies in the far part. */
const box = { left: 60, top: 90, right: 130, bottom: 150 };
const hole: Mask = { ...size, data: rectangleMask(size, box) };

function texture(x: number, y: number): number {
  const wave = (a: number, b: number, phase: number): number => Math.sin(a * x + b * y + phase);
  return 128 + 35 * wave(0.21, 0.09, 0) + 30 * wave(-0.13, 0.27, 1) + 25 * wave(0.33, -0.29, 2);
}

/** What a camera sees that has moved to the left by `t` frames: near things move three times as fast as far ones. */
function view(t: number): Uint8Array {
  const rgb = new Uint8Array(3 * size.width * size.height);
  for (let pixel = 0; pixel < size.width * size.height; pixel += 1) {
    const x = pixel % size.width;
    const y = (pixel - x) / size.width;
    const near = x - NEAR * t >= EDGE;
    const grey = near ? texture(1000 + x - NEAR * t, y) : texture(x - FAR * t, y);
    // Whatever stands in the hole stays where it is.
    rgb.fill(hole.data[pixel] > 0 ? (31 * pixel) % 256 : Math.round(grey), 3 * pixel, 3 * pixel + 3);
  }
  return rgb;
}

const [first, second] = [0, 1].map((t) => pyramidOf({ ...size, data: view(t) }, hole));
const motion = localMotion(first, second, { warp: align(first, second).warp, size });

const movedBy = (field: MotionField, x: number, y: number): [number, number] => {
  const place = new Float64Array(2);
  follow(field, x, y, place);
  return [place[0] - x, place[1] - y];
};

describe('the motion of parts of an image', () => {
  it('far and near things move at their own speeds', () => {
    for (const [x, y] of [
      [30, 40],
      [150, 200],
      [100, 60],
    ]) {
      const [dx, dy] = movedBy(motion, x, y);
      expect(Math.hypot(dx - FAR, dy)).toBeLessThan(0.3);
    }
    for (const [x, y] of [
      [240, 40],
      [270, 200],
    ]) {
      const [dx, dy] = movedBy(motion, x, y);
      expect(Math.hypot(dx - NEAR, dy)).toBeLessThan(0.3);
    }
  });

  it('is continued through a hole from around it', () => {
    for (let y = box.top + 5; y < box.bottom; y += 10) {
      for (let x = box.left + 5; x < box.right; x += 10) {
        const [dx, dy] = movedBy(motion, x, y);
        expect(Math.hypot(dx - FAR, dy)).toBeLessThan(0.4);
      }
    }
  });

  it('leads back where it came from', () => {
    const there = chain(motion, reverse(motion));
    for (const [x, y] of [
      [40, 40],
      [95, 120],
      [260, 180],
    ])
      expect(Math.hypot(...movedBy(there, x, y))).toBeLessThan(0.05);
  });

  it('is not held to the motion of the whole image by grain, unless the camera stands still', () => {
    let seed = 1;
    const grainy = (dx: number) => {
      const rgb = new Uint8Array(3 * size.width * size.height);
      for (let pixel = 0; pixel < size.width * size.height; pixel += 1) {
        const x = pixel % size.width;
        let grain = 0;
        for (let part = 0; part < 4; part += 1) {
          seed = (seed * 16_807) % 2_147_483_647;
          grain += (seed % 13) - 6;
        }
        rgb.fill(Math.round(texture(x - dx, (pixel - x) / size.width) + grain), 3 * pixel, 3 * pixel + 3);
      }
      return pyramidOf({ ...size, data: rgb }, { ...hole, data: new Uint8Array(hole.data.length) });
    };
    const off = 0.2;
    const places = [
      [60, 60],
      [160, 120],
      [260, 180],
      [80, 170],
      [240, 50],
    ];
    const mean = (field: MotionField) =>
      places.reduce((sum, [x, y]) => sum + movedBy(field, x, y)[0] / places.length, 0);
    const [from, to] = [grainy(0), grainy(FAR + off)];
    const moving: Warp = [1, 0, (2 * FAR) / size.width, 0, 1, 0, 0, 0, 1];
    expect(mean(localMotion(from, to, { warp: moving, size })) - FAR).toBeGreaterThan(off / 2);
    // Of a camera that stands still it is known where things are.
    expect(mean(localMotion(from, grainy(off), { warp: STILL, size }))).toBeLessThan(off / 2);
  });
});
