import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { AKAZE_KERNEL } from '../../../../../src/vision/features/kernels/akaze-kernel.js';
import { NEAREST_KERNEL } from '../../../../../src/vision/features/kernels/nearest-kernel.js';
import { ORB_KERNEL } from '../../../../../src/vision/features/kernels/orb-kernel.js';
import { PAIRS_KERNEL } from '../../../../../src/vision/features/kernels/pairs-kernel.js';
import { SIFT_KERNEL } from '../../../../../src/vision/features/kernels/sift-kernel.js';

const sources = path.resolve(import.meta.dirname, '../../../../../../kernels/features');

describe('kernels', () => {
  it.each([
    ['nearest', NEAREST_KERNEL],
    ['akaze', AKAZE_KERNEL],
    ['orb', ORB_KERNEL],
    ['sift', SIFT_KERNEL],
    ['pairs', PAIRS_KERNEL],
  ])('the compiled kernel %s is as old as its sources', async (_, kernel) => {
    const hash = createHash('sha256');
    for (const name of (await readdir(sources)).sort())
      hash.update(name).update(await readFile(path.join(sources, name)));
    expect(kernel.sources).toBe(hash.digest('hex'));
  });
});
