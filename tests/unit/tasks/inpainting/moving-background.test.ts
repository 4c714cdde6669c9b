import { classicFill } from '../../../../src/vision/inpainting/opencv/opencv-fill.js';
import type { Image } from '../../../../src/vision/image/image.js';
import type { Mask } from '../../../../src/vision/image/mask.js';
import {
  SingleFrameFill,
  TemporalFill,
  type FrameFill,
  type TemporalFrame,
} from '../../../../src/tasks/inpainting/temporal-fill.js';
import { exactMask } from '../../../factories/images/exact-mask.js';
import { rectangleMask } from '../../../support/inpainting-run.js';

const size = { width: 120, height: 90 };
const FRAMES = 16;
/** Dark and striped, 40 pixels wide; it passes behind the hole from left to right. */
const OBJECT = { top: 24, bottom: 68, width: 40, speed: 8 };

interface Scene {
  /** What is added to all colours at a time. */
  light?(t: number): number;
  /** Whether the image is another one at a time. */
  isCut?(t: number): boolean;
}

/** A still camera over a table with a soft texture, on which an object is moved. */
function view(t: number, { light = () => 0, isCut = () => false }: Scene): Uint8Array {
  const rgb = new Uint8Array(size.width * size.height * 3);
  const left = OBJECT.speed * t - OBJECT.width;
  for (let y = 0; y < size.height; y += 1)
    for (let x = 0; x < size.width; x += 1) {
      const table = 170 + 22 * Math.sin(0.06 * x + 0.04 * y) + 14 * Math.sin(0.31 * x - 0.22 * y);
      const inObject = y >= OBJECT.top && y < OBJECT.bottom && x >= left && x < left + OBJECT.width;
      const object = 60 + 25 * Math.sin(0.5 * (x - left));
      const other = 90 + 40 * Math.sin(0.09 * y) + 20 * Math.sin(0.4 * x);
      const grey = (isCut(t) ? other : inObject ? object : table) + light(t);
      rgb.set([grey, grey * 0.95, grey * 0.9], 3 * (y * size.width + x));
    }
  return rgb;
}

const MASKS = {
  'a box that the object passes': rectangleMask(size, { left: 46, top: 32, right: 76, bottom: 58 }),
  'a thin wire': rectangleMask(size, { left: 0, top: 44, right: 120, bottom: 48 }),
};

const SCENES = {
  'even light': {},
  'light that flickers and falls': { light: (t: number) => 5 * (t % 2) - 0.5 * t },
  'a cut': { isCut: (t: number) => t >= 9 },
} satisfies Record<string, Scene>;

const telea = async (image: Image, rest: Mask) => {
  const hole = { ...rest, data: rest.data.map((value) => (value > 0 ? 1 : 0)) };
  return classicFill('telea', { ...image, data: Uint8Array.from(image.data) }, hole);
};

/** Mean squared error over the hole of all frames. */
async function errorOf(
  fill: FrameFill,
  { scene, data }: { scene: Scene; data: Uint8Array },
): Promise<number> {
  const mask = exactMask({ ...size, data });
  const out: TemporalFrame[] = [];
  const push = async (frames: AsyncGenerator<TemporalFrame>) => {
    for await (const frame of frames) out.push(frame);
  };
  for (let t = 0; t < FRAMES; t += 1) {
    const truth = view(t, scene);
    const rgb = Uint8Array.from(truth);
    // A logo stands in the hole.
    data.forEach((value, pixel) => value > 0 && rgb.fill(255, 3 * pixel, 3 * pixel + 3));
    await push(fill.push({ timeSeconds: t, yuv: truth, image: { ...size, data: rgb }, mask }));
  }
  await push(fill.finish());
  let [sum, count] = [0, 0];
  for (const { fill: filled, yuv: truth } of out)
    data.forEach((value, pixel) => {
      if (value === 0) return;
      for (let at = 3 * pixel; at < 3 * pixel + 3; at += 1) sum += (filled.data[at] - truth[at]) ** 2;
      count += 3;
    });
  return sum / count;
}

describe('something moves behind a fixed mask', () => {
  it.each([
    ['even light', 'a box that the object passes'],
    ['even light', 'a thin wire'],
    ['light that flickers and falls', 'a box that the object passes'],
    ['a cut', 'a box that the object passes'],
  ] as const)(
    '%s, %s: looking at other frames loses nothing to frame by frame',
    async (sceneName, maskName) => {
      const [scene, data] = [SCENES[sceneName], MASKS[maskName]];
      const single = await errorOf(new SingleFrameFill(telea), { scene, data });
      const temporal = await errorOf(new TemporalFill(size, telea), { scene, data });
      expect(10 * Math.log10(temporal / single)).toBeLessThan(0.5);
    },
  );
});
