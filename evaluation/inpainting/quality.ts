import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import sharp from 'sharp';
import { splitByWidth } from '../../src/tasks/inpainting/fills/automatic-fill.js';
import { openFiller } from '../../src/tasks/inpainting/fill.js';
import type { Filler } from '../../src/tasks/inpainting/filler.js';
import { heldOutPhotos } from './quality/held-out.js';
import { KeptFills } from './quality/kept-fills.js';
import { MASK_KINDS, makeMask, type MaskKind } from './quality/masks.js';
import { printQuality, printTiming, type Scores } from './quality/quality-table.js';
import { writeCountSheets, writeSheets } from './quality/sheets.js';
import type { Mask } from '../../src/vision/image/mask.js';

const ROOT = path.resolve(import.meta.dirname, '..', '..', '..');
const TIMING_SIDE = 512;
const TIMING_SEED = 5;
const TIMING_RUNS = 3;
const METHODS = ['unet', 'patch', 'default_inpainting', 'pushpull', 'telea', 'navier_stokes'];

const { values } = parseArgs({
  options: {
    photos: { type: 'string' },
    features: { type: 'string' },
    limit: { type: 'string', default: '60' },
    masks: { type: 'string', default: MASK_KINDS.join(',') },
    methods: { type: 'string', default: METHODS.join(',') },
    quality: { type: 'string', default: 'balanced' },
    models: { type: 'string', default: path.join(ROOT, 'models') },
    keep: { type: 'string' },
    sheets: { type: 'string' },
    'count-sheets': { type: 'string' },
    json: { type: 'string' },
    python: { type: 'string', default: 'python3' },
  },
});

interface Photo {
  readonly name: string;
  readonly rgb: Uint8Array;
  readonly width: number;
  readonly height: number;
}

async function readPhoto(folder: string, name: string, side?: number): Promise<Photo> {
  const whole = sharp(path.join(folder, name)).removeAlpha().toColourspace('srgb');
  const image = side === undefined ? whole : whole.resize(side, side, { fit: 'cover' });
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { name, rgb: new Uint8Array(data), width: info.width, height: info.height };
}

interface Timed {
  readonly rgb: Uint8Array;
  readonly milliseconds: number;
}

/** Processor time, which is comparable on a busy machine because it excludes waiting for a core. */
async function timedFill(filler: Filler, { width, height, rgb }: Photo, mask: Mask): Promise<Timed> {
  const start = process.cpuUsage();
  const { images } = await filler.fill({
    image: { width, height, data: rgb },
    mask,
    quality: values.quality === 'high' ? 'high' : values.quality === 'fast' ? 'fast' : 'balanced',
    variants: 1,
    seed: 1,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  const { user, system } = process.cpuUsage(start);
  return { rgb: images[0].image.data, milliseconds: (user + system) / 1000 };
}

/** When every part of the hole is wide, the automatic choice equals the patch fill, which need not run twice. */
function isPatch(method: string, hole: Mask): boolean {
  return method === 'default_inpainting' && values.quality !== 'fast' && splitByWidth(hole).thin === null;
}

async function savePng(file: string, data: Uint8Array, photo: Photo, channels: 1 | 3): Promise<void> {
  const raw = { width: photo.width, height: photo.height, channels };
  await sharp(data, { raw }).png({ compressionLevel: 1 }).toFile(file);
}

interface Workspace {
  readonly fillers: ReadonlyMap<string, Filler>;
  readonly folder: string;
  readonly kept: KeptFills;
}

/** Fills one hole with every method whose result is missing, and stores the inputs of the scoring. */
async function makeCase(
  photo: Photo,
  { kind, number }: { kind: MaskKind; number: number },
  { fillers, folder, kept }: Workspace,
) {
  const stem = path.join(folder, `${String(number).padStart(2, '0')}-${kind}`);
  const mask = makeMask(kind, photo, 1000 * MASK_KINDS.indexOf(kind) + number);
  const hole = { ...mask, data: mask.data.map((value) => Number(value > 0)) };
  await savePng(`${stem}-truth.png`, photo.rgb, photo, 3);
  await savePng(`${stem}-hole.png`, mask.data, photo, 1);
  const fills = [];
  for (const [method, filler] of fillers) {
    const file = `${stem}-${isPatch(method, hole) && fillers.has('patch') ? 'patch' : method}.png`;
    let milliseconds = await kept.find(file, method);
    if (milliseconds === null) {
      const timed = await timedFill(filler, photo, mask);
      ({ milliseconds } = timed);
      await savePng(file, timed.rgb, photo, 3);
      await kept.note(file, method, milliseconds);
    }
    fills.push({ method, file, milliseconds });
  }
  return { photo: photo.name, mask: kind, truth: `${stem}-truth.png`, hole: `${stem}-hole.png`, fills };
}

/** Best time of several runs of every method on one 512x512 image for each kind of hole; the first run is a warm-up. */
async function timeAll(photo: Photo, { fillers, folder }: Pick<Workspace, 'fillers' | 'folder'>) {
  const cases = [];
  for (const kind of MASK_KINDS) {
    const mask = makeMask(kind, photo, TIMING_SEED);
    const stem = path.join(folder, `timing-${kind}`);
    await savePng(`${stem}-truth.png`, photo.rgb, photo, 3);
    await savePng(`${stem}-hole.png`, mask.data, photo, 1);
    const fills: Record<string, number> = {};
    for (const [method, filler] of fillers) {
      const runs = [];
      for (let run = 0; run <= TIMING_RUNS; run++) runs.push(await timedFill(filler, photo, mask));
      fills[method] = Math.min(...runs.slice(1).map(({ milliseconds }) => milliseconds));
    }
    cases.push({ mask: kind, truth: `${stem}-truth.png`, hole: `${stem}-hole.png`, fills });
  }
  return cases;
}

async function main(): Promise<void> {
  if (values.photos === undefined) {
    throw new Error('--photos FOLDER is needed; --features SQUEEZENET.onnx adds perc and ptex.');
  }
  const folder = values.keep ?? (await mkdtemp(path.join(tmpdir(), 'inpainting-quality-')));
  await mkdir(folder, { recursive: true });
  const common = { device: 'cpu', strict: false, modelsDirectory: values.models, threads: 1 } as const;
  const fillers = new Map<string, Filler>();
  for (const modelId of values.methods.split(','))
    fillers.set(modelId, await openFiller({ modelId, ...common }));
  const names = (await heldOutPhotos(values.photos)).slice(0, Number(values.limit));
  const kinds = MASK_KINDS.filter((kind) => values.masks.split(',').includes(kind));
  const kept = await KeptFills.open(path.resolve(values.models), values.quality);
  const cases = [];
  for (const [number, name] of names.entries()) {
    const photo = await readPhoto(values.photos, name);
    for (const kind of kinds) cases.push(await makeCase(photo, { kind, number }, { fillers, folder, kept }));
    process.stderr.write(`\r${String(number + 1)} of ${String(names.length)} photos `);
  }
  const timing = await timeAll(await readPhoto(values.photos, names[0], TIMING_SIDE), { fillers, folder });
  for (const filler of fillers.values()) filler.release();
  const job = path.join(folder, 'job.json');
  const features = values.features && path.resolve(values.features);
  const network = path.join(path.resolve(values.models), 'inpainting', 'model.onnx');
  await writeFile(job, JSON.stringify({ features, network, cases, timing }));
  const { stdout } = await promisify(execFile)(values.python, ['-m', 'inpainting.score', job], {
    cwd: path.join(ROOT, 'training'),
    maxBuffer: 1e8,
  });
  const scores = JSON.parse(stdout) as Scores;
  if (values.json) await writeFile(values.json, `${JSON.stringify(scores, null, 2)}\n`);
  process.stdout.write(printQuality(scores.rows) + printTiming(scores.timing));
  if (values.sheets !== undefined) await writeSheets(cases, values.sheets);
  const countFolder = values['count-sheets'];
  if (countFolder !== undefined) await writeCountSheets(cases, countFolder);
  if (values.keep === undefined) await rm(folder, { recursive: true });
}

await main();
