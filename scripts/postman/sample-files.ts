import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { encodeImage } from '../../src/media/image-codec.js';
import { writeZip } from '../../src/media/zip-writer.js';
import { createRandom } from '../render/seeded-random.js';

const WIDTH = 192;
const HEIGHT = 128;
/** Fixed modification time, so that archives are reproducible. */
const MODIFIED = new Date('2026-01-01T00:00:00Z');

/** A brick wall with a scratch, for inpainting. */
function wall(seed: number): Uint8Array {
  const random = createRandom(seed);
  const tint = new Map<string, number>();
  const rgb = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y += 1) {
    const row = Math.floor(y / 16);
    for (let x = 0; x < WIDTH; x += 1) {
      const shifted = x + (row % 2) * 16;
      const brick = `${row} ${Math.floor(shifted / 32)}`;
      if (!tint.has(brick)) tint.set(brick, random.next() * 40);
      const joint = y % 16 < 2 || shifted % 32 < 2;
      const shade = (tint.get(brick) ?? 0) + random.next() * 10;
      const colour = joint
        ? [190 + shade / 4, 186 + shade / 4, 178]
        : [140 + shade, 70 + shade / 2, 55 + shade / 2];
      rgb.set(isScratch(x, y) ? [245, 245, 245] : colour.map(Math.round), 3 * (y * WIDTH + x));
    }
  }
  return rgb;
}

const isScratch = (x: number, y: number): boolean => Math.abs(y - 30 - 0.35 * x) < 3;

function scratchMask(): Uint8Array {
  const mask = new Uint8Array(WIDTH * HEIGHT);
  for (let pixel = 0; pixel < mask.length; pixel += 1)
    if (isScratch(pixel % WIDTH, Math.floor(pixel / WIDTH))) mask[pixel] = 255;
  return mask;
}

/** Renders the files that the collection uploads into `folder`. */
export async function writeSampleFiles(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const png = (data: Uint8Array) => encodeImage({ width: WIDTH, height: HEIGHT, data });
  const [first, second, mask] = await Promise.all([png(wall(1)), png(wall(2)), png(scratchMask())]);
  await writeFile(path.join(folder, 'image.png'), first);
  await writeFile(path.join(folder, 'mask.png'), mask);
  const members = [
    { name: 'group1/image_1.png', content: second },
    { name: 'group1/mask_1.png', content: mask },
    { name: 'group1/notes.txt', content: 'This file is ignored.\n' },
  ];
  await writeZip(path.join(folder, 'groups.zip'), members, { modified: MODIFIED });
}
