/**
 * `npm run eval:moving-background -- CLIP [--mask FILE …] [--frames N] [--sheets FOLDER] [--python python3]`: fills
 * fixed masks in a clip with a moving background and prints the hole's PSNR against the clip itself: for the temporal
 * fill of the product, for the product with `temporal: false`, and for OpenCV's Telea frame by frame. By default there
 * are three masks: the box of a logo at the left, a square in the centre, a thin wire from left to right. Exits with 1
 * unless, for each mask, the temporal fill is no worse than Telea and at most 0.5 dB below `temporal: false`.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { locateFfmpeg } from '../../src/media/ffmpeg-locate.js';
import { probeVideo } from '../../src/media/probe.js';
import { openFiller } from '../../src/tasks/inpainting/fill.js';
import { pngOf, rectangleMask, runInpainting } from '../../tests/support/inpainting-run.js';
import { askPython } from '../../benchmarks/inpainting/python-peer.js';

const VARIANTS = { 'over time': {}, 'temporal: false': { temporal: false } } as const;
const TELEA = 'Telea, frame by frame';
/** Maximum PSNR loss of the temporal fill with a moving background. */
const MAX_LOST = 0.5;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** A box given by left, top, right and bottom as shares of the image. */
function boxMask(size: Size, [left, top, right, bottom]: readonly number[]): Uint8Array {
  const box = {
    left: Math.round(left * size.width),
    top: Math.round(top * size.height),
    right: Math.round(right * size.width),
    bottom: Math.round(bottom * size.height),
  };
  return rectangleMask(size, box);
}

/** A descending line four pixels wide from the left border to the right. */
function wireMask(size: Size): Uint8Array {
  const mask = new Uint8Array(size.width * size.height);
  for (let x = 0; x < size.width; x += 1) {
    const middle = Math.round(size.height * (0.25 + (0.3 * x) / size.width));
    for (let y = middle - 2; y < middle + 2; y += 1) mask[y * size.width + x] = 255;
  }
  return mask;
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    mask: { type: 'string', multiple: true },
    frames: { type: 'string' },
    sheets: { type: 'string' },
    python: { type: 'string', default: process.env.PYTHON ?? 'python3' },
  },
});
const [clip] = positionals;
if (clip === undefined) throw new Error('Usage: npm run eval:moving-background -- CLIP [--mask FILE]');

const folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-moving-background-'));
const tools = await locateFfmpeg();

/** Opens the used part of the clip. */
async function openClip() {
  const source = path.join(folder, 'clip.mp4');
  const encode = ['-c:v', 'libx264', '-qp', '8', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-an', source];
  if (options.frames === undefined) await copyFile(clip, source);
  else
    await promisify(execFile)('ffmpeg', ['-v', 'error', '-i', clip, '-frames:v', options.frames, ...encode]);
  const limits = { maxPixels: 64_000_000, maxFrames: 100_000 };
  return { source, probe: await probeVideo(source, { tools, limits }) };
}

async function masksFor(size: Size): Promise<Record<string, string>> {
  if (options.mask) return Object.fromEntries(options.mask.map((file) => [path.basename(file), file]));
  const masks = {
    'logo box': boxMask(size, [0.03, 0.42, 0.25, 0.6]),
    square: boxMask(size, [0.47, 0.19, 0.61, 0.38]),
    'thin wire': wireMask(size),
  };
  const files: Record<string, string> = {};
  for (const [name, mask] of Object.entries(masks)) {
    files[name] = path.join(folder, `${name}.png`);
    await writeFile(files[name], await pngOf(mask, size));
  }
  return files;
}

async function measure(mask: string, name: string): Promise<Record<string, number>> {
  const { source, probe } = opened;
  const size = { width: probe.width, height: probe.height };
  const video = { frames: probe.frameCount, fps: probe.fps.num / probe.fps.den };
  const videos: Record<string, string> = {};
  for (const [variant, parameters] of Object.entries(VARIANTS)) {
    const { file } = await runInpainting(openFiller, [{ source, mask, ...size, video }], { parameters });
    videos[variant] = path.join(folder, `${name}-${Object.keys(videos).length}.mp4`);
    await writeFile(videos[variant], await file(1));
  }
  const sheet = options.sheets === undefined ? null : path.join(options.sheets, `${name}.png`);
  const job = { truth: source, hole: mask, videos, sheet };
  return z
    .record(z.string(), z.number())
    .parse(await askPython(options.python, 'evaluation/peers/moving_background.py', job));
}

const opened = await openClip();
let reached = true;
try {
  if (options.sheets !== undefined) await mkdir(options.sheets, { recursive: true });
  const table: Record<string, Record<string, number>> = {};
  for (const [name, mask] of Object.entries(await masksFor(opened.probe))) {
    const psnr = await measure(mask, name);
    table[name] = Object.fromEntries(
      Object.entries(psnr).map(([variant, db]) => [variant, Number(db.toFixed(2))]),
    );
    reached &&= psnr['over time'] >= psnr[TELEA] && psnr['over time'] >= psnr['temporal: false'] - MAX_LOST;
  }
  console.log(`hole PSNR in dB, ${opened.probe.frameCount} frames`);
  console.table(table);
} finally {
  await rm(folder, { recursive: true, force: true });
}
console.log(reached ? 'reached' : `MISSED: at least ${TELEA}, at most ${MAX_LOST} dB below temporal: false`);
process.exitCode = reached ? 0 : 1;
