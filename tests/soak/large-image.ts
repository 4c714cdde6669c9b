/**
 * `npm run soak:large-image -- [--megapixels 50] [--strategy auto]`: uploads an image of that size with thin, wide and
 * box holes all over it to a stack of its own, fills it, and prints the largest resident set of each process. Exits 1
 * when the job is not COMPLETED, a known pixel has changed, or a process took more than 2 GiB.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { ApiClient } from '../../scripts/demo/api-client.js';
import { followJob } from '../../scripts/demo/follow-job.js';
import type { RunningStack } from '../support/running-stack.js';
import { startSoakStack } from './soak-stack.js';
import { watchMemory } from './memory-watch.js';

const LIMIT_MIB = 2048;
const MEBIBYTE = 2 ** 20;
/** The default growth of masks, and the ring of the feather. */
const GROWN = 4;

const { values: options } = parseArgs({
  options: {
    megapixels: { type: 'string', default: '50' },
    strategy: { type: 'string', default: 'auto' },
  },
});

const height = 2 * Math.round(Math.sqrt((Number(options.megapixels) * 1e6) / 1.5) / 2);
const size = { width: 2 * Math.round((1.5 * height) / 2), height };

/** Smooth noise: a coarse one, enlarged. */
async function writeImage(file: string): Promise<void> {
  const coarse = {
    width: Math.ceil(size.width / 8),
    height: Math.ceil(size.height / 8),
    channels: 3 as const,
    background: '#808080',
    noise: { type: 'gaussian' as const, mean: 128, sigma: 45 },
  };
  const small = await sharp({ create: coarse }).png().toBuffer();
  await sharp(small, { limitInputPixels: false })
    .resize({ ...size, fit: 'fill', kernel: 'cubic' })
    .jpeg({ quality: 92 })
    .toFile(file);
}

interface Hole {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Scratches, strokes and boxes at fixed places, some of them over 1000 pixels long. */
function holes(): Hole[] {
  const at = (x: number, y: number, width: number, tall: number): Hole => ({
    left: Math.round(x * size.width),
    top: Math.round(y * size.height),
    width,
    height: tall,
  });
  return [
    at(0.05, 0.1, 1500, 8),
    at(0.1, 0.3, 8, 1200),
    at(0.3, 0.2, 400, 300),
    at(0.5, 0.5, 700, 60),
    at(0.7, 0.15, 120, 120),
    at(0.8, 0.7, 600, 500),
    at(0.2, 0.8, 60, 700),
  ];
}

async function writeMask(file: string): Promise<void> {
  const mask = Buffer.alloc(size.width * size.height);
  for (const { left, top, width, height: tall } of holes())
    for (let y = top; y < Math.min(size.height, top + tall); y += 1)
      mask.fill(255, y * size.width + left, y * size.width + Math.min(size.width, left + width));
  await sharp(mask, { raw: { ...size, channels: 1 } })
    .png()
    .toFile(file);
}

/** Known pixels of the result that are not as they were stored. */
async function changedPixels(before: string, after: string): Promise<number> {
  const [one, other] = await Promise.all(
    [before, after].map((file) => sharp(file, { limitInputPixels: false }).removeAlpha().raw().toBuffer()),
  );
  const inside = (x: number, y: number) =>
    holes().some(
      ({ left, top, width, height: tall }) =>
        x >= left - GROWN && x < left + width + GROWN && y >= top - GROWN && y < top + tall + GROWN,
    );
  let changed = 0;
  for (let at = 0; at < one.length; at += 1) {
    if (one[at] === other[at]) continue;
    const pixel = Math.floor(at / 3);
    if (!inside(pixel % size.width, Math.floor(pixel / size.width))) changed += 1;
  }
  return changed;
}

interface Items {
  readonly data: { readonly items: readonly { readonly imageUrl: string }[] };
}
interface Results {
  readonly data: { readonly images: readonly { readonly downloadUrl: string }[] };
}

async function fill(stack: RunningStack, folder: string) {
  const files = { image: path.join(folder, 'large.jpg'), mask: path.join(folder, 'mask.png') };
  await writeImage(files.image);
  await writeMask(files.mask);
  const client = new ApiClient(stack.url);
  await client.signUp('large@example.com', 'a good password');
  await client.post('/api/datasets', { name: 'large' });
  const memory = watchMemory(stack);
  await client.uploadPair('large', files.image, files.mask);
  const started = performance.now();
  const { jobId } = await client.post<{ jobId: string }>('/api/inferences', {
    datasetName: 'large',
    parameters: { device: 'cpu', strategy: options.strategy },
  });
  const status = await followJob(client, jobId, { onStatus: () => undefined, onProgress: () => undefined });
  const seconds = (performance.now() - started) / 1000;
  const { data } = await client.get<Results>(`/api/inferences/${jobId}/results`);
  const { data: stored } = await client.get<Items>('/api/datasets/large/data');
  const [before, after] = [path.join(folder, 'before.png'), path.join(folder, 'after.png')];
  await client.download(stored.items[0].imageUrl, before);
  await client.download(data.images[0].downloadUrl, after);
  return { status, seconds, peak: memory.stop(), changed: await changedPixels(before, after) };
}

const { stack, folder, end } = await startSoakStack('infernode-large-');
try {
  const { status, seconds, peak, changed } = await fill(stack, folder);
  const mebibytes = Object.fromEntries(
    Object.entries(peak).map(([kind, bytes]: [string, number]) => [
      `${kind} MiB`,
      Math.round(bytes / MEBIBYTE),
    ]),
  );
  console.table([
    {
      image: `${size.width}x${size.height}`,
      status,
      seconds: Math.round(seconds),
      'known values changed': changed,
      ...mebibytes,
    },
  ]);
  const small = Object.values(mebibytes).every((size) => size <= LIMIT_MIB);
  process.exitCode = status === 'COMPLETED' && changed === 0 && small ? 0 : 1;
} finally {
  await end();
}
