import path from 'node:path';
import type { Image } from '../../../../src/vision/image/image.js';
import { openFiller } from '../../../../src/tasks/inpainting/fill.js';
import type { FillRequest } from '../../../../src/tasks/inpainting/filler.js';
import {
  holeError,
  holeOf,
  knownChanges,
  paint,
  spoil,
} from '../../../factories/images/inpainting-images.js';
import type { Mask } from '../../../../src/vision/image/mask.js';

const modelsDirectory = path.resolve(import.meta.dirname, '../../../../../models');
const box = (left: number, top: number, width: number, height: number) => ({ left, top, width, height });
const THIN = box(30, 40, 90, 5);
const WIDE = box(50, 60, 40, 40);

/** Blobs and edges: what a photo has and a smooth fill loses. */
const scene = (width: number, height: number): Image =>
  paint(width, height, (x, y) => {
    const blob = 60 * Math.sin(x / 9) * Math.cos(y / 7);
    return x + 2 * y > 220 ? [170 + blob / 2, 120, 70] : [70, 110 + blob, 160];
  });

async function fill(modelId: string, truth: Image, hole: Mask, changes: Partial<FillRequest> = {}) {
  const filler = await openFiller({ modelId, device: 'cpu', strict: false, modelsDirectory, threads: 1 });
  try {
    return await filler.fill({
      image: spoil(truth, hole),
      mask: hole,
      quality: 'balanced',
      variants: 1,
      seed: 1,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      ...changes,
    });
  } finally {
    filler.release();
  }
}

describe('the fills behind modelId', () => {
  const truth = scene(181, 143);
  const both = holeOf(181, 143, THIN, WIDE);

  it('leaves the image that it is given alone, also where that is a Buffer', async () => {
    const given = Buffer.from(truth.data);
    const hole = holeOf(181, 143, box(60, 60, 20, 20));
    await fill('default_inpainting', truth, hole, { image: { ...truth, data: given } });
    expect(Buffer.compare(given, Buffer.from(truth.data))).toBe(0);
  });

  it.each(['default_inpainting', 'unet', 'patch', 'telea', 'navier_stokes', 'pushpull'])(
    '%s fills the hole and touches nothing else',
    async (modelId) => {
      const seen: number[] = [];
      const { images } = await fill(modelId, truth, both, { onProgress: (done) => seen.push(done) });
      expect(knownChanges(images[0].image, truth, both)).toBe(0);
      expect(holeError(images[0].image, truth, both)).toBeLessThan(30);
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
      expect(seen.at(-1)).toBe(1);
    },
  );

  it('chooses by the width of each part: thin parts are the same as by the network alone', async () => {
    const thin = holeOf(181, 143, THIN);
    const chosen = await fill('default_inpainting', truth, both);
    const network = await fill('unet', truth, both);
    expect(chosen.images[0].method).toBe('patch_guided');
    expect(holeError(chosen.images[0].image, network.images[0].image, thin)).toBe(0);
    expect(chosen.images[0].image.data).not.toEqual(network.images[0].image.data);
    expect((await fill('default_inpainting', truth, thin)).images[0].method).toBe('unet');
  });

  it('takes the network for everything when it has to be fast', async () => {
    const fast = await fill('default_inpainting', truth, both, { quality: 'fast' });
    expect(fast.images[0].method).toBe('unet');
    expect(fast.images[0].image.data).toEqual((await fill('unet', truth, both)).images[0].image.data);
  });

  it('offers the unguided completion as the variant', async () => {
    const { images } = await fill('patch', truth, both, { variants: 2 });
    expect(images.map(({ method }) => method)).toEqual(['patch_guided', 'patch_unguided']);
    expect(images[0].image.data).not.toEqual(images[1].image.data);
    expect(knownChanges(images[1].image, truth, both)).toBe(0);
  });

  it('says what runs: the network with its digest, or no network', async () => {
    const open = (modelId: string) =>
      openFiller({ modelId, device: 'auto', strict: false, modelsDirectory, threads: 1 });
    const unet = await open('unet');
    expect(unet.network).toMatchObject({ id: 'inpainting', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    unet.release();
    const telea = await open('telea');
    expect(telea).toMatchObject({ network: null, device: { requested: 'auto', used: 'cpu' } });
  });

  it('ends by the reason of an abort, also in the middle', async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled');
    const onProgress = (done: number): void => {
      if (done > 0.3) controller.abort(reason);
    };
    await expect(fill('patch', truth, both, { signal: controller.signal, onProgress })).rejects.toBe(reason);
    await expect(fill('telea', truth, both, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('fills images of one pixel beside the hole, and of a few', async () => {
    for (const modelId of ['default_inpainting', 'unet', 'patch', 'telea', 'pushpull']) {
      const dot = paint(2, 1, () => [90, 91, 92]);
      const { images } = await fill(modelId, dot, holeOf(2, 1, box(0, 0, 1, 1)));
      expect(images[0].image.data.subarray(3)).toEqual(dot.data.subarray(3));
      const small = paint(9, 5, () => [90, 91, 92]);
      const filled = await fill(modelId, small, holeOf(9, 5, box(3, 1, 3, 3)));
      expect(holeError(filled.images[0].image, small, holeOf(9, 5, box(3, 1, 3, 3)))).toBeLessThan(40);
    }
  });

  it('fills scratches of a large image in tiles', async () => {
    const large = scene(1500, 1100);
    const scratches = holeOf(1500, 1100, box(0, 400, 1500, 5), box(900, 0, 5, 1100));
    const { images } = await fill('default_inpainting', large, scratches);
    expect(images[0].method).toBe('unet');
    expect(knownChanges(images[0].image, large, scratches)).toBe(0);
    expect(holeError(images[0].image, large, scratches)).toBeLessThan(6);
  });
});
