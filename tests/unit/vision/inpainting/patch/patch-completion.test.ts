import { completePatches } from '../../../../../src/vision/inpainting/patch/complete.js';
import { patchFill } from '../../../../../src/tasks/inpainting/fills/patch-fill.js';
import { toBytes, type Image } from '../../../../../src/vision/image/image.js';
import { pushPullFill } from '../../../../../src/vision/inpainting/push-pull.js';
import {
  holeError,
  holeOf,
  knownChanges,
  paint,
  spoil,
} from '../../../../factories/images/inpainting-images.js';
import type { Mask } from '../../../../../src/vision/image/mask.js';

const box = (left: number, top: number, width: number, height: number) => ({ left, top, width, height });
/** Noise between 0 and 1 that looks the same on every machine. */
const grain = (x: number, y: number): number => {
  const value = Math.sin(12.9898 * x + 78.233 * y) * 43758.5453;
  return value - Math.floor(value);
};
/** Round spots of some nine pixels at irregular places: 1 in their middles, 0 between them. */
function spots(x: number, y: number): number {
  let nearest = 1;
  for (const column of [-1, 0, 1].map((step) => Math.floor(x / 9) + step)) {
    for (const row of [-1, 0, 1].map((step) => Math.floor(y / 9) + step)) {
      const centre = [(column + grain(column, row + 7)) * 9, (row + grain(column + 3, row)) * 9];
      nearest = Math.min(nearest, Math.hypot(x - centre[0], y - centre[1]) / 5.4);
    }
  }
  return 1 - nearest;
}
/** The pixel that each hole pixel was copied from. */
async function sourcesOf(truth: Image, hole: Mask, seed: number): Promise<readonly number[]> {
  const completion = await completePatches(inputOf(truth, hole), { settings: { seed } });
  if (completion === null) throw new Error('nothing to copy from');
  const { shifts } = completion;
  const pixels = [...hole.data.keys()].filter((pixel) => hole.data[pixel] > 0);
  return pixels.map((pixel, index) => pixel + shifts[index]);
}
const noPace = (): Promise<void> => Promise.resolve();

function inputOf(truth: Image, hole: Mask) {
  const image = spoil(truth, hole);
  return { image, hole, guide: toBytes(pushPullFill(image, hole)) };
}

async function complete(truth: Image, hole: Mask): Promise<Image> {
  return (await patchFill(inputOf(truth, hole), {}, noPace)).image;
}

describe('patch completion', () => {
  it('continues a constant exactly', async () => {
    const truth = paint(90, 70, () => [12, 180, 77]);
    const hole = holeOf(90, 70, box(30, 20, 30, 30));
    expect((await complete(truth, hole)).data).toEqual(truth.data);
  });

  it('continues stripes that a smooth fill averages away', async () => {
    const truth = paint(120, 90, (x) => (x % 12 < 6 ? [230, 220, 200] : [40, 60, 90]));
    const hole = holeOf(120, 90, box(45, 30, 30, 30));
    const { guide } = inputOf(truth, hole);
    expect(holeError(guide, truth, hole)).toBeGreaterThan(50);
    expect(holeError(await complete(truth, hole), truth, hole)).toBeLessThan(8);
  });

  it('joins an edge that enters the hole on both sides', async () => {
    const truth = paint(120, 90, (x, y) => (y + 0.25 * x < 60 ? [200, 200, 210] : [50, 90, 40]));
    const hole = holeOf(120, 90, box(48, 30, 26, 30));
    expect(holeError(await complete(truth, hole), truth, hole)).toBeLessThan(6);
  });

  it('fills the sky from the sky, though the ground is nearer', async () => {
    const truth = paint(200, 140, (x, y) => {
      const noise = grain(x, y) - 0.5;
      const grey = y < 70 ? 150 - 0.2 * y + 8 * noise : 128 + 24 * noise;
      return [grey, grey, grey + 4];
    });
    // All of the sky on the right is hole: there is sky far to the left, and ground of nearly the same grey right below.
    const sources = await sourcesOf(truth, holeOf(200, 140, box(90, 0, 110, 66)), 1);
    const ground = sources.filter((source) => source >= 70 * 200).length;
    // Where a row counts as much as a column, nearly half of it is ground.
    expect(ground / sources.length).toBeLessThan(0.2);
  });

  it('seldom copies a place twice where there are enough others', async () => {
    const truth = paint(180, 140, (x, y) => {
      const grey = 120 + 40 * spots(x, y);
      return [grey, 0.95 * grey, 0.9 * grey];
    });
    const hole = holeOf(180, 140, box(55, 35, 70, 70));
    let copies = 0;
    let places = 0;
    for (const seed of [1, 2]) {
      const sources = await sourcesOf(truth, hole, seed);
      copies += sources.length;
      places += new Set(sources).size;
    }
    // The known part is four times as large as the hole. Without a price on repeats, 57 of 100 copies are repeats.
    expect(1 - places / copies).toBeLessThan(0.45);
  });

  it('leaves no seam: brightness that drifts across the image is met on all sides', async () => {
    const grain = (x: number, y: number): number => 12 * Math.sin(12.9898 * x + 78.233 * y) ** 3;
    const truth = paint(128, 96, (x, y) => [60 + x + grain(x, y), 90 + 0.5 * x, 200 - y + grain(y, x)]);
    const hole = holeOf(128, 96, box(50, 30, 34, 34));
    const filled = await complete(truth, hole);
    const columnStep = (x: number): number => {
      let sum = 0;
      for (let y = 30; y < 64; y++)
        sum += filled.data[(y * 128 + x) * 3 + 1] - filled.data[(y * 128 + x - 1) * 3 + 1];
      return Math.abs(sum / 34);
    };
    // The green ramp rises by half a level a pixel; a seam would jump by many.
    for (const x of [50, 84]) expect(columnStep(x)).toBeLessThan(4);
  });

  it('keeps known pixels, and gives the same for the same seed only', async () => {
    const truth = paint(100, 80, (x, y) => [(x * 37 + y * 11) % 256, (x * y) % 256, (x * 5) % 256]);
    const hole = holeOf(100, 80, box(35, 25, 28, 28));
    const input = inputOf(truth, hole);
    const run = async (seed: number) => (await patchFill(input, { seed }, noPace)).image;
    const first = await run(3);
    expect(knownChanges(first, truth, hole)).toBe(0);
    expect((await run(3)).data).toEqual(first.data);
    expect((await run(4)).data).not.toEqual(first.data);
  });

  it('fills each far part from its own surroundings', async () => {
    const truth = paint(900, 60, (x) => (x < 450 ? [220, 40, 40] : [40, 40, 220]));
    const hole = holeOf(900, 60, box(60, 20, 26, 24), box(800, 20, 26, 24));
    expect((await complete(truth, hole)).data).toEqual(truth.data);
  });

  it('gives the guide where nothing is known but scraps', async () => {
    const truth = paint(40, 40, () => [90, 90, 90]);
    const hole = holeOf(40, 40, box(0, 0, 40, 37));
    const { image, uncopied } = await patchFill(inputOf(truth, hole), {}, noPace);
    expect(uncopied).toBe(1);
    expect(image.data).toEqual(truth.data);
  });

  it('reports progress that never falls, and stops where its pace throws', async () => {
    const truth = paint(120, 90, (x, y) => [x * 2, y * 2, 0]);
    const input = inputOf(truth, holeOf(120, 90, box(40, 30, 40, 30)));
    const seen: number[] = [];
    const pace = (done: number): Promise<void> => {
      seen.push(done);
      return seen.length === 9 ? Promise.reject(new Error('stop')) : Promise.resolve();
    };
    await expect(completePatches(input, { pace })).rejects.toThrow('stop');
    expect(seen).toHaveLength(9);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen[8]).toBeLessThan(1);
  });

  it('carries fine texture into holes that are completed on a reduced copy', async () => {
    const truth = paint(1000, 800, (x, y) =>
      ((x >> 1) + (y >> 1)) % 2 === 0 ? [180, 160, 140] : [80, 70, 60],
    );
    const hole = holeOf(1000, 800, box(300, 250, 300, 250));
    const filled = await complete(truth, hole);
    let contrast = 0;
    for (let x = 320; x < 580; x++) contrast += Math.abs(filled.data[(400 * 1000 + x) * 3] - 130);
    // The checkerboard is 50 levels from its mean; the reduced copy has next to nothing of it.
    expect(contrast / 260).toBeGreaterThan(30);
    expect(knownChanges(filled, truth, hole)).toBe(0);
  });
});
