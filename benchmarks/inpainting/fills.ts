import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { z } from 'zod';
import { MASK_KINDS, makeMask, type MaskKind } from '../../evaluation/inpainting/quality/masks.js';
import { openFiller } from '../../src/tasks/inpainting/fill.js';
import type { Filler } from '../../src/tasks/inpainting/filler.js';
import { FILL_MODELS } from '../../src/tasks/inpainting/params.js';
import { compared, spreadOf, type Figure, type Spread } from '../statistics.js';
import { askPython, ROOT } from './python-peer.js';

const SIDE = 512;
const MEGAPIXELS = (SIDE * SIDE) / 1e6;
/** Rounds of fast fills; patch fills take seconds and vary little. */
const ROUNDS = 25;
const SLOW_ROUNDS = 5;
const SLOW: readonly string[] = ['default_inpainting', 'patch'];
const MASK_SEED = 5;

const peerTimes = z.record(z.string(), z.record(z.string(), z.array(z.number())));

interface Image {
  readonly rgb: Uint8Array;
  readonly file: string;
}

/** A frame of a rendered clip at 512x512 with textures, edges and objects. */
async function readImage(folder: string): Promise<Image> {
  const [frame, file] = [path.join(folder, 'frame.png'), path.join(folder, 'image.png')];
  const clip = path.join(ROOT, 'samples', 'approach.mp4');
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-i', clip, '-frames:v', '1', frame]);
  const image = sharp(frame).resize(SIDE, SIDE, { fit: 'cover' }).removeAlpha();
  await image.clone().png().toFile(file);
  return { rgb: await image.raw().toBuffer(), file };
}

/** Processor time in milliseconds, which excludes waiting for a core on a busy machine. */
async function timeFill(
  filler: Filler,
  { rgb, mask, rounds }: { rgb: Uint8Array; mask: Uint8Array; rounds: number },
): Promise<number[]> {
  const times = [];
  for (let round = 0; round <= rounds; round += 1) {
    const start = process.cpuUsage();
    await filler.fill({
      image: { width: SIDE, height: SIDE, data: rgb },
      mask: { width: SIDE, height: SIDE, data: mask },
      quality: 'balanced',
      variants: 1,
      seed: 1,
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    const { user, system } = process.cpuUsage(start);
    times.push((user + system) / 1000);
  }
  return times.slice(1);
}

const perMegapixel = (milliseconds: readonly number[]): Spread =>
  spreadOf(milliseconds.map((time) => time / MEGAPIXELS));

/**
 * Milliseconds per megapixel of every `modelId` on one core, or of those whose name contains `only`, compared with
 * OpenCV's native fills from Python.
 */
export async function benchmarkInpainting(only = ''): Promise<Figure[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-bench-fills-'));
  try {
    const { rgb, file } = await readImage(folder);
    const holes = new Map<MaskKind, { data: Uint8Array; file: string }>();
    for (const kind of MASK_KINDS) {
      const { data } = makeMask(kind, { width: SIDE, height: SIDE }, MASK_SEED);
      const hole = path.join(folder, `${kind}.png`);
      await sharp(data, { raw: { width: SIDE, height: SIDE, channels: 1 } })
        .png()
        .toFile(hole);
      holes.set(kind, { data, file: hole });
    }
    const job = {
      image: file,
      holes: Object.fromEntries([...holes].map(([kind, hole]) => [kind, hole.file])),
      network: path.join(ROOT, 'models', 'inpainting', 'model.onnx'),
      rounds: ROUNDS,
    };
    const peers = peerTimes.parse(
      await askPython(process.env.PYTHON ?? 'python3', 'benchmarks/peers/inpainting.py', job),
    );
    return await measureAll(rgb, { holes, peers, only });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureAll(
  rgb: Uint8Array,
  {
    holes,
    peers,
    only,
  }: {
    readonly holes: ReadonlyMap<MaskKind, { readonly data: Uint8Array }>;
    readonly peers: z.infer<typeof peerTimes>;
    readonly only: string;
  },
): Promise<Figure[]> {
  const figures: Figure[] = [];
  const unit = 'CPU ms/MP';
  for (const modelId of FILL_MODELS.filter((name) => name.includes(only))) {
    const rounds = SLOW.includes(modelId) ? SLOW_ROUNDS : ROUNDS;
    const filler = await openFiller({
      modelId,
      device: 'cpu',
      strict: false,
      modelsDirectory: path.join(ROOT, 'models'),
      threads: 1,
    });
    for (const [kind, { data }] of holes) {
      const telea = { name: 'Telea, native', value: perMegapixel(peers[kind].telea) };
      const time = perMegapixel(await timeFill(filler, { rgb, mask: data, rounds }));
      figures.push(compared({ name: `inpainting ${modelId}, ${kind} hole`, unit }, time, telea));
    }
    filler.release();
  }
  for (const kind of holes.keys()) {
    const telea = { name: 'Telea, native', value: perMegapixel(peers[kind].telea) };
    const others = { navier_stokes: 'Navier-Stokes, native', network: 'the network in Python' };
    for (const [name, title] of Object.entries(others))
      figures.push(
        compared({ name: `${title}, ${kind} hole`, unit }, perMegapixel(peers[kind][name]), telea),
      );
  }
  return figures;
}
