import { align } from '../../../../src/vision/motion/alignment.js';
import { pyramidOf } from '../../../../src/vision/motion/pyramid.js';
import {
  SingleFrameFill,
  TemporalFill,
  type FrameFill,
  type TemporalFrame,
} from '../../../../src/tasks/inpainting/temporal-fill.js';
import { gridOf, inPixels } from '../../../../src/vision/motion/warp.js';
import type { Image } from '../../../../src/vision/image/image.js';
import type { Mask } from '../../../../src/vision/image/mask.js';
import { exactMask } from '../../../factories/images/exact-mask.js';
import { rectangleMask } from '../../../support/inpainting-run.js';

const size = { width: 160, height: 120 };
const box = { left: 60, top: 45, right: 100, bottom: 75 };

/** A smooth texture without end, 40 to 215, different in each channel. */
function texture(x: number, y: number, channel: number): number {
  const wave = (a: number, b: number, phase: number) => Math.sin(a * x + b * y + phase + channel);
  return (
    128 +
    30 * wave(0.11, 0.05, 0) +
    25 * wave(-0.07, 0.13, 1) +
    20 * wave(0.23, -0.19, 2) +
    12 * wave(0.4, 0.37, 3)
  );
}

/** The camera at time `t`: it moves sideways, turns and comes closer. */
function cameraAt(t: number): (x: number, y: number) => [number, number] {
  const angle = 0.004 * t;
  const zoom = 1 - 0.002 * t;
  const [cos, sin] = [Math.cos(angle) * zoom, Math.sin(angle) * zoom];
  return (x, y) => [
    cos * (x - 80) - sin * (y - 60) + 80 + 2.3 * t,
    sin * (x - 80) + cos * (y - 60) + 60 + 0.7 * t,
  ];
}

/** What the camera sees at time `t`, without any hole. */
function view(t: number): Uint8Array {
  const camera = cameraAt(t);
  const rgb = new Uint8Array(size.width * size.height * 3);
  for (let y = 0; y < size.height; y += 1)
    for (let x = 0; x < size.width; x += 1) {
      const [u, v] = camera(x, y);
      for (let channel = 0; channel < 3; channel += 1)
        rgb[3 * (y * size.width + x) + channel] = Math.round(texture(u, v, channel));
    }
  return rgb;
}

const hole: Mask = { ...size, data: rectangleMask(size, box) };
const mask = exactMask(hole);

/** What stands in the hole: to be got rid of, and never to be looked at. */
function spoil(rgb: Uint8Array, t: number): Uint8Array {
  const out = Uint8Array.from(rgb);
  hole.data.forEach(
    (value, pixel) => value > 0 && out.fill((37 * t + pixel) % 256, 3 * pixel, 3 * pixel + 3),
  );
  return out;
}

/** A fill that sees nothing but the mean of the image, with noise of its own in each frame. */
const noisyRest = () => {
  let seed = 1;
  return async (image: Image, rest: Mask) => {
    const out = Uint8Array.from(image.data);
    rest.data.forEach((value, pixel) => {
      if (value === 0) return;
      seed = (seed * 16_807) % 2_147_483_647;
      out.fill(118 + (seed % 21), 3 * pixel, 3 * pixel + 3);
    });
    return { ...image, data: out };
  };
};

async function run(
  fill: FrameFill,
  frames: readonly Uint8Array[],
  maskAt: (index: number) => typeof mask = () => mask,
): Promise<TemporalFrame[]> {
  const out: TemporalFrame[] = [];
  for (const [index, yuv] of frames.entries()) {
    const image = { ...size, data: yuv };
    for await (const frame of fill.push({ timeSeconds: index, yuv, image, mask: maskAt(index) }))
      out.push(frame);
  }
  for await (const frame of fill.finish()) out.push(frame);
  return out;
}

/** Mean squared error in the hole. */
function errorOf(frames: readonly TemporalFrame[], truth: (t: number) => Uint8Array): number {
  let [sum, count] = [0, 0];
  for (const { fill, timeSeconds } of frames) {
    const wanted = truth(timeSeconds);
    hole.data.forEach((value, pixel) => {
      if (value === 0) return;
      for (let at = 3 * pixel; at < 3 * pixel + 3; at += 1) sum += (fill.data[at] - wanted[at]) ** 2;
      count += 3;
    });
  }
  return sum / count;
}

/** Mean change of a hole pixel between neighbouring frames, where both see the same point of the scene. */
function flickerOf(frames: readonly TemporalFrame[]): number {
  let [sum, count] = [0, 0];
  for (let t = 1; t < frames.length; t += 1) {
    const before = cameraAt(t - 1);
    const now = cameraAt(t);
    for (let y = box.top + 6; y < box.bottom - 6; y += 1)
      for (let x = box.left + 6; x < box.right - 6; x += 1) {
        const [u, v] = now(x, y);
        // The motion is small, so the point's place before is found by stepping back.
        const [u0, v0] = before(x, y);
        const [px, py] = [Math.round(x + u - u0), Math.round(y + v - v0)];
        if (px < box.left || px >= box.right || py < box.top || py >= box.bottom) continue;
        const [a, b] = [3 * (y * size.width + x), 3 * (py * size.width + px)];
        sum += Math.abs(frames[t].fill.data[a] - frames[t - 1].fill.data[b]);
        count += 1;
      }
  }
  return sum / count;
}

describe('alignment', () => {
  const pyramid = (data: Uint8Array) => pyramidOf({ ...size, data }, mask.grown);

  it('finds the motion of the camera to a tenth of a pixel, whatever stands in the hole', () => {
    const [from, to] = [0, 3].map((t) => pyramid(spoil(view(t), t)));
    const { warp, inliers, residual } = align(from, to);
    expect(inliers).toBeGreaterThan(0.95);
    expect(residual).toBeLessThan(1.5);
    const [a, b, c, d, e, f, g, h] = inPixels(warp, gridOf(size));
    for (const [x, y] of [
      [10, 10],
      [150, 12],
      [80, 60],
      [20, 110],
      [150, 110],
    ]) {
      const w = g * x + h * y + 1;
      const [u, v] = [(a * x + b * y + c) / w, (d * x + e * y + f) / w];
      const [scene, seen] = [cameraAt(0)(x, y), cameraAt(3)(u, v)];
      expect(Math.hypot(scene[0] - seen[0], scene[1] - seen[1])).toBeLessThan(0.15);
    }
  });

  it('does not believe in motion between different scenes', () => {
    const other = view(0).map((value, at) => (value * 7 + at * 13) % 256);
    expect(align(pyramid(view(0)), pyramid(other)).sameScene).toBe(false);
  });

  it('tells scenes of low contrast apart, and does not take noise on a grey wall for a cut', () => {
    const faint = (rgb: Uint8Array) => rgb.map((value) => 128 + Math.round((value - 128) / 6));
    expect(align(pyramid(faint(view(0))), pyramid(faint(view(1)))).sameScene).toBe(true);
    const { inliers, sameScene } = align(pyramid(faint(view(0))), pyramid(faint(view(400))));
    // Grey values alone would say that it is the same scene.
    expect(inliers).toBeGreaterThan(0.5);
    expect(sameScene).toBe(false);
    const wall = (start: number) => {
      let seed = start;
      return view(0).map(() => {
        seed = (seed * 16_807) % 2_147_483_647;
        return 127 + (seed % 3);
      });
    };
    expect(align(pyramid(wall(1)), pyramid(wall(99))).sameScene).toBe(true);
  });
});

describe('filling over time', () => {
  const frames = Array.from({ length: 30 }, (_, t) => spoil(view(t), t));

  it('shows what was behind the hole where other frames see it, and flickers less than half', async () => {
    const single = await run(new SingleFrameFill(noisyRest()), frames);
    const temporal = await run(new TemporalFill(size, noisyRest()), frames);
    expect(temporal.map(({ timeSeconds }) => timeSeconds)).toEqual(frames.map((_, index) => index));
    expect(errorOf(temporal, view)).toBeLessThan(errorOf(single, view) / 10);
    expect(flickerOf(temporal)).toBeLessThan(flickerOf(single) / 2);
    const middle = temporal[15].origin;
    expect(middle.seen).toBeGreaterThan(0.95 * mask.filled);
    // Known pixels are nobody's to change.
    const { fill, image } = temporal[15];
    const changed = hole.data.findIndex(
      (value, pixel) => value === 0 && fill.data[3 * pixel] !== image.data[3 * pixel],
    );
    expect(changed).toBe(-1);
  });

  it('a camera that stands still gets one fill for all frames', async () => {
    const still = Array.from({ length: 12 }, (_, t) => spoil(view(0), t));
    const out = await run(new TemporalFill(size, noisyRest()), still);
    expect(out[0].origin).toEqual({ seen: 0, carried: 0, filled: mask.filled });
    for (const frame of out.slice(1)) {
      expect(frame.origin).toEqual({ seen: 0, carried: mask.filled, filled: 0 });
      expect(Buffer.compare(Buffer.from(frame.fill.data), Buffer.from(out[0].fill.data))).toBe(0);
    }
  });

  it('looks at the last frame before the end of a scene and at the first one behind its start', async () => {
    // Only the first and the last frame are without a hole; seen from some, each of them lies between two fixed offsets.
    const open = exactMask({ ...size, data: new Uint8Array(hole.data.length) });
    const still = Array.from({ length: 10 }, (_, t) => (t % 9 === 0 ? view(0) : spoil(view(0), t)));
    for (const shown of [0, 9]) {
      const maskAt = (index: number) => (index === shown ? open : mask);
      const out = await run(new TemporalFill(size, noisyRest()), still, maskAt);
      for (const [index, { origin, fill }] of out.entries()) {
        if (index === shown) continue;
        expect({ index, ...origin }).toEqual({ index, seen: mask.filled, carried: 0, filled: 0 });
        expect(errorOf([{ ...out[index], fill }], () => view(0))).toBeLessThan(1);
      }
    }
  });

  it('nothing is taken over a cut', async () => {
    const other = (t: number) => view(t + 400).map((value) => 255 - value);
    const cut = [...frames.slice(0, 6), ...[6, 7, 8, 9].map((t) => spoil(other(t), t))];
    const out = await run(new TemporalFill(size, noisyRest()), cut);
    const truth = (t: number) => (t < 6 ? view(t) : other(t));
    expect(out[6].origin.carried).toBe(0);
    const alone = await run(new TemporalFill(size, noisyRest()), cut.slice(6));
    expect(out.slice(6).map(({ origin }) => origin)).toEqual(alone.map(({ origin }) => origin));
    expect(errorOf(out, truth)).toBeLessThan(
      errorOf(await run(new SingleFrameFill(noisyRest()), cut), truth),
    );
  });

  it('looks at frames whose near things lie elsewhere, where the camera moves among near and far ones', async () => {
    // Near ground above a wavy edge passes the far ground below it, in which the hole lies.
    const passing = (t: number) => {
      const rgb = new Uint8Array(size.width * size.height * 3);
      for (let pixel = 0; pixel < size.width * size.height; pixel += 1) {
        const x = pixel % size.width;
        const y = (pixel - x) / size.width;
        const ahead = x - 4 * t;
        const near = y < 40 + 6 * Math.sin(0.15 * ahead);
        for (let channel = 0; channel < 3; channel += 1)
          rgb[3 * pixel + channel] = near
            ? 30 + 25 * Math.sin(0.6 * ahead + 0.3 * y)
            : 22 + texture(x - 2.5 * t, y, channel);
      }
      return rgb;
    };
    const passed = Array.from({ length: 24 }, (_, t) => spoil(passing(t), t));
    const out = await run(new TemporalFill(size, noisyRest()), passed);
    const seen = out.reduce((sum, { origin }) => sum + origin.seen / mask.filled, 0) / out.length;
    // Each part of the far ground is seen beside the hole sooner or later.
    expect(seen).toBeGreaterThan(0.8);
  });
});
