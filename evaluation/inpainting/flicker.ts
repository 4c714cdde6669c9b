/**
 * `npm run eval:flicker -- [--frames 60] [--python python3] [--keep FOLDER]`: fills a fixed hole in rendered clips with
 * a known background, frame by frame and temporally, and prints how much the filled region flickers and how far it is
 * from the truth (`evaluation/peers/flicker.py`). In `pan` the camera passes over an image; in `approach` and
 * `moving-away` it moves among near and far objects. Exits with 1 unless, in each clip, the temporal fill of the
 * product flickers at most half as much as the network frame by frame, at no lower PSNR.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { makeLongClip } from '../../scripts/render/long-clip.js';
import { openFiller } from '../../src/tasks/inpainting/fill.js';
import { pngOf, rectangleMask, runInpainting } from '../../tests/support/inpainting-run.js';
import { askPython, ROOT } from '../../benchmarks/inpainting/python-peer.js';

const SIZE = { width: 640, height: 480 };
/** In the centre; small enough that the pan eventually shows what is behind it. */
const HOLE = { left: 260, top: 190, right: 380, bottom: 290 };
const VARIANTS = {
  'network, frame by frame': { modelId: 'unet', temporal: false },
  'network, over time': { modelId: 'unet' },
  'default, frame by frame': { temporal: false },
  'default, over time': {},
} as const;
/** Baseline for the temporal fill of the product. */
const BASELINE = 'network, frame by frame';
const CLIPS = ['pan', 'approach', 'moving-away'];

const { values: options } = parseArgs({
  options: {
    frames: { type: 'string', default: '60' },
    clips: { type: 'string', default: CLIPS.join(',') },
    python: { type: 'string', default: process.env.PYTHON ?? 'python3' },
    keep: { type: 'string' },
  },
});
const frames = Number(options.frames);

const judged = z.record(
  z.string(),
  z.object({ hole: z.number(), ring: z.number(), ratio: z.number(), psnr: z.number(), frames: z.number() }),
);
type Judged = z.infer<typeof judged>;

/** Writes the clip, the pan in whole seconds. */
async function makeClip(clip: string, out: string): Promise<{ frames: number; fps: number }> {
  if (clip === 'pan') {
    const seconds = Math.ceil(frames / 30);
    await makeLongClip({ out, piece: `${out}.piece.mp4`, seconds, ...SIZE, fps: 30, seed: 7 });
    return { frames: seconds * 30, fps: 30 };
  }
  const sample = path.join(ROOT, 'samples', `${clip}.mp4`);
  const cut = ['-frames:v', String(frames), '-c:v', 'libx264', '-qp', '10', '-preset', 'veryfast', out];
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-y', '-i', sample, ...cut]);
  return { frames, fps: clip === 'moving-away' ? 25 : 30 };
}

async function measure(clip: string, folder: string): Promise<Judged> {
  const source = path.join(folder, `${clip}.mp4`);
  const mask = path.join(folder, `${clip}-hole.png`);
  const video = await makeClip(clip, source);
  await writeFile(mask, await pngOf(rectangleMask(SIZE, HOLE), SIZE));
  const videos: Record<string, string> = { 'the truth itself': source };
  for (const [name, parameters] of Object.entries(VARIANTS)) {
    const start = process.cpuUsage();
    const pair = { source, mask, ...SIZE, video };
    const { file } = await runInpainting(openFiller, [pair], { parameters });
    const { user, system } = process.cpuUsage(start);
    videos[name] = path.join(folder, `${clip}-${Object.keys(videos).length}.mp4`);
    await writeFile(videos[name], await file(1));
    process.stderr.write(`${clip}, ${name}: ${((user + system) / 1e6).toFixed(1)} s of processor time\n`);
  }
  const job = { truth: source, hole: mask, videos };
  return judged.parse(await askPython(options.python, 'evaluation/peers/flicker.py', job));
}

function print(clip: string, rows: Judged): void {
  const round = (value: number) => Number(value.toFixed(2));
  const table = Object.entries(rows).map(([name, { hole, ring, ratio, psnr }]) => [
    name,
    {
      'flicker in the hole': round(hole),
      'around it': round(ring),
      ratio: round(ratio),
      'PSNR dB': round(psnr),
    },
  ]);
  console.log(`\n${clip} (${frames} frames)`);
  console.table(Object.fromEntries(table));
}

const folder = options.keep ?? (await mkdtemp(path.join(os.tmpdir(), 'infernode-flicker-')));
await mkdir(folder, { recursive: true });
let reached = true;
try {
  for (const clip of options.clips.split(',')) {
    const rows = await measure(clip, folder);
    print(clip, rows);
    const [steady, other] = [rows['default, over time'], rows[BASELINE]];
    reached &&= steady.hole <= other.hole / 2 && steady.psnr >= other.psnr;
  }
} finally {
  if (options.keep === undefined) await rm(folder, { recursive: true, force: true });
}
console.log(
  reached ? 'half the flicker or less, at no lower PSNR' : 'MISSED: half the flicker, at no lower PSNR',
);
process.exitCode = reached ? 0 : 1;
