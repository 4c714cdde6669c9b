import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { ffmpeg } from '../../factories/videos/clips.js';
import { withScans } from '../../factories/images/laborious.js';
import { animatedWebp, pagedTiff } from '../../factories/images/many-frames.js';
import { send, times, type Attack, type Target } from './attack-tools.js';

const MANY = 20;
/** Pixels of each side of the largest video that is taken. */
const VIDEO_SIDE = 4096;

/** A 63-megapixel JPEG of half a megabyte with 2000 scans. */
async function manyScans(): Promise<Buffer> {
  const flat = { width: 8000, height: 7900, channels: 3, background: '#090909' } as const;
  return withScans(await sharp({ create: flat }).jpeg({ progressive: true }).toBuffer(), 2000);
}

function form(fields: Readonly<Record<string, string>>, files: Readonly<Record<string, Buffer>>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.set(name, value);
  for (const [name, bytes] of Object.entries(files)) data.set(name, new Blob([new Uint8Array(bytes)]), name);
  return data;
}

/** A new dataset's id and name. */
async function makeDataset({ url, token }: Target): Promise<{ readonly id: string; readonly name: string }> {
  const name = `Attacked ${String(performance.now())}`;
  const response = await fetch(`${url}/api/dataset`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ name }),
  });
  const { dataset } = (await response.json()) as { readonly dataset: { readonly id: string } };
  return { id: dataset.id, name };
}

/** The same image by every way in, one after the other, from many clients at once. */
async function sendImage(target: Target, image: Buffer): Promise<string> {
  const { id, name } = await makeDataset(target);
  const ways = [
    () => send(target, '/api/inference/execute', form({ model_id: 'shapes' }, { image })),
    () => {
      const input = { type: 'image', data: image.toString('base64') };
      return send(target, '/api/inference/execute', JSON.stringify({ model_id: 'shapes', input }));
    },
    () => send(target, `/api/dataset/${id}/images?dryRun=true`, form({ name: 'a' }, { content: image })),
    () => send(target, '/api/datasets/data?dryRun=true', form({ datasetName: name }, { image, mask: image })),
  ];
  return times(MANY, (at) => ways[at % ways.length]());
}

const IMAGES: readonly (readonly [name: string, make: () => Buffer | Promise<Buffer>])[] = [
  ['JPEGs of 63 megapixels and 2000 scans', manyScans],
  ['WebPs of 100 000 frames', () => animatedWebp(100_000)],
  ['TIFFs of 50 000 pages', () => pagedTiff(50_000)],
];

const images = (): Attack[] =>
  IMAGES.map(([name, make]) => ({
    name: `${String(MANY)} ${name}`,
    prepare: async () => {
      const image = await make();
      return (target: Target) => sendImage(target, image);
    },
  }));

/** A short video, and its mask as a video with a white square. */
async function maskedVideo(): Promise<{ readonly image: Buffer; readonly mask: Buffer }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'infernode-attack-'));
  const size = `s=${String(VIDEO_SIDE)}x${String(VIDEO_SIDE)}:r=10`;
  const coding = ['-frames:v', '12', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
  const [image, mask] = ['image.mp4', 'mask.mp4'].map((name) => path.join(folder, name));
  try {
    await ffmpeg('-f', 'lavfi', '-i', `testsrc2=${size}`, ...coding, image);
    const square = 'drawbox=x=100:y=100:w=iw/4:h=ih/4:t=fill:c=white';
    await ffmpeg('-f', 'lavfi', '-i', `color=black:${size}`, '-vf', square, ...coding, mask);
    return { image: await readFile(image), mask: await readFile(mask) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const masks = (): Attack => ({
  name: `4 videos of ${String(VIDEO_SIDE)}x${String(VIDEO_SIDE)} with mask videos at once`,
  prepare: async () => {
    const files = await maskedVideo();
    return async (target) => {
      const { name: datasetName } = await makeDataset(target);
      return times(4, () => send(target, '/api/datasets/data?dryRun=true', form({ datasetName }, files)));
    };
  },
});

/** Images and videos that cost their decoders more than their bytes say. */
export const mediaAttacks = (): Attack[] => [...images(), masks()];
