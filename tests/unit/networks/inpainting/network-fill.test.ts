import path from 'node:path';
import { networkFill } from '../../../../src/networks/inpainting/network-fill.js';
import type { Image } from '../../../../src/vision/image/image.js';
import type { ImageNetwork } from '../../../../src/networks/inpainting/padded-run.js';
import { openInpaintingNetwork } from '../../../../src/networks/inpainting/inpainting-network.js';
import { NetworkRegistry } from '../../../../src/networks/runtime/network-registry.js';
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
const noPace = (): Promise<void> => Promise.resolve();

/** How far the stand-in below looks. */
const REACH = 60;
const texture = (width: number, height: number): Image =>
  paint(width, height, (x, y) => [(x * 7 + y * 13) % 256, (x * 5 + y * 3) % 256, (x + y * 11) % 256]);

/** Fills every hole pixel with the mean of four pixels, {@link REACH} columns and rows away or at the image's border. */
function meanOfFour(image: Image, hole: Mask): Image {
  const { width, height } = image;
  const data = image.data.slice();
  hole.data.forEach((value, i) => {
    if (value === 0) return;
    const [x, y] = [i % width, Math.floor(i / width)];
    const columns = [Math.max(0, x - REACH), Math.min(width - 1, x + REACH)];
    const rows = [Math.max(0, y - REACH), Math.min(height - 1, y + REACH)];
    const places = rows.flatMap((row) => columns.map((column) => row * width + column));
    for (let c = 0; c < 3; c++) {
      data[3 * i + c] = places.reduce((sum, place) => sum + image.data[3 * place + c], 0) / 4;
    }
  });
  return { ...image, data };
}

/** A network without a graph, and the sizes that it was run on. */
function standIn(max: number): { network: ImageNetwork; sizes: [number, number][] } {
  const sizes: [number, number][] = [];
  const run = (image: Image, hole: Mask): Promise<void> => {
    sizes.push([image.width, image.height]);
    image.data.set(meanOfFour(image, hole).data);
    return Promise.resolve();
  };
  return { network: { size: { kind: 'multiple', of: 16, min: 16, max }, run }, sizes };
}

describe('a network on images of any size', () => {
  it('gives in tiles what it gives on the whole image, as tiles see farther than it does', async () => {
    const image = texture(1003, 417);
    const hole = holeOf(1003, 417, box(70, 100, 900, 3), box(300, 170, 3, 200), box(611, 170, 3, 200));
    const { network, sizes } = standIn(256);
    const tiled = await networkFill(network, { image, hole }, noPace);
    expect(sizes.length).toBeGreaterThan(8);
    expect(Math.max(...sizes.flat())).toBeLessThanOrEqual(256);
    const whole = meanOfFour(image, hole);
    expect(Buffer.compare(tiled.data, whole.data)).toBe(0);
  });

  it('sees only the surroundings of parts that lie apart, at sizes that it takes', async () => {
    const image = texture(640, 640);
    const hole = holeOf(640, 640, box(100, 100, 10, 10), box(400, 470, 20, 5));
    const { network, sizes } = standIn(2048);
    const filled = await networkFill(network, { image, hole }, noPace);
    expect(sizes).toEqual([
      [144, 144],
      [160, 144],
    ]);
    expect(Buffer.compare(filled.data, meanOfFour(image, hole).data)).toBe(0);
  });

  it('fills a deep part on a reduced copy and leaves thin parts at full size', async () => {
    const even = paint(900, 500, () => [90, 140, 200]);
    const stripes = paint(900, 500, (x, y) => (x < 700 ? [90, 140, 200] : [(y % 2) * 200, 140, 200]));
    const deep = box(150, 100, 300, 300);
    const { network, sizes } = standIn(256);
    const hole = holeOf(900, 500, deep, box(800, 200, 3, 40));
    const filled = await networkFill(network, { image: stripes, hole }, noPace);
    expect(holeError(filled, even, holeOf(900, 500, deep))).toBeLessThan(1);
    expect(knownChanges(filled, stripes, hole)).toBe(0);
    // Every second row of the scratch: the rows at the stand-in's reach are 60 away, so of the same kind.
    expect(filled.data[(210 * 900 + 801) * 3]).toBe(0);
    expect(filled.data[(211 * 900 + 801) * 3]).toBe(200);
    expect(sizes.every(([width, height]) => width <= 256 && height <= 256)).toBe(true);
  });

  it('fills a scratch that is thinner than a pixel of the copy that shows it as a whole', async () => {
    const truth = paint(2000, 400, (x) => [x / 10, 100, 80]);
    const hole = holeOf(2000, 400, box(40, 200, 1900, 3));
    const { network } = standIn(512);
    const filled = await networkFill(network, { image: spoil(truth, hole), hole, whole: true }, noPace);
    expect(holeError(filled, truth, hole)).toBeLessThan(2);
    expect(knownChanges(filled, truth, hole)).toBe(0);
  });

  it('shows no seams of its own network: a scratch through three tiles is as in one piece', async () => {
    const registry = new NetworkRegistry({ folder: modelsDirectory });
    const network = await openInpaintingNetwork(registry, { device: 'cpu', strict: true }, 'inpainting');
    const truth = paint(1280, 256, (x, y) => {
      const wave = 50 * Math.sin(x / 23) * Math.cos(y / 17);
      return y > 120 + (x - 800) / 12 ? [150 + wave, 110, 80] : [80, 120 + wave, 170];
    });
    const hole = holeOf(1280, 256, box(70, 120, 1140, 9));
    const image = spoil(truth, hole);
    const tiled = await networkFill(network, { image, hole }, noPace);
    const whole = { ...image, data: image.data.slice() };
    await network.run(whole, hole);
    network.lease.release();
    expect(holeError(tiled, truth, hole)).toBeLessThan(holeError(whole, truth, hole) + 0.5);
    const jump = (filled: Image, x: number): number => {
      let sum = 0;
      for (let y = 120; y < 129; y++) {
        const i = (y * 1280 + x) * 3;
        for (let c = 0; c < 3; c++) sum += Math.abs(filled.data[i + c] - filled.data[i + c - 3]);
      }
      return sum / 27;
    };
    for (const seam of [70 + 512, 70 + 1024]) expect(jump(tiled, seam)).toBeLessThan(jump(whole, seam) + 1.5);
  });

  it('gives the same whatever was filled before, though memory is used again', async () => {
    const open = () =>
      openInpaintingNetwork(
        new NetworkRegistry({ folder: modelsDirectory }),
        { device: 'cpu', strict: true },
        'inpainting',
      );
    const hole = holeOf(96, 64, box(30, 20, 20, 9));
    const image = spoil(texture(96, 64), hole);
    const [used, fresh] = [await open(), await open()];
    for (const size of [96, 160, 32, 96]) {
      const other = paint(size, 64, () => [200, 20, 90]);
      await used.run(other, holeOf(size, 64, box(0, 0, 30, 40)));
    }
    const [after, first] = [0, 0].map(() => ({ ...image, data: image.data.slice() }));
    await used.run(after, hole);
    await fresh.run(first, hole);
    expect(Buffer.compare(after.data, first.data)).toBe(0);
    expect(holeError(after, image, hole)).toBeGreaterThan(0);
    used.lease.release();
    fresh.lease.release();
  });
});
