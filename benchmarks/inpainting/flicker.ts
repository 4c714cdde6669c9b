/**
 * `npm run eval:flicker -- [--clips approach,moving-away] [--python python3]`: fills a fixed hole in rendered clips whose
 * background is known, frame by frame by the network alone, frame by frame by default, and over time as the product
 * does it, and prints how much the filled region flickers and how far it is from the truth (`benchmarks/peers/flicker.py`).
 * Exits 1 unless over time flickers at most half as much as the network frame by frame, at no lower PSNR.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { openFiller } from '../../src/tasks/inpainting/fill.js';
import { pngOf, rectangleMask, runInpainting } from '../../tests/support/inpainting-run.js';
import type { ClipTruth } from '../../scripts/render/clip-truth.js';
import { askPython, ROOT } from './python-peer.js';

/** A twelfth of a clip's picture, where its objects are. */
const HOLE = { left: 240, top: 170, right: 400, bottom: 310 };
const WAYS: Readonly<Record<string, object>> = {
  'network, frame by frame': { modelId: 'unet', temporal: false },
  'default, frame by frame': { temporal: false },
  'default, over time': {},
};
const [SINGLE, , OVER_TIME] = Object.keys(WAYS);

const { values: options } = parseArgs({
  options: {
    clips: { type: 'string', default: 'approach,moving-away' },
    python: { type: 'string', default: process.env.PYTHON ?? 'python3' },
    keep: { type: 'string' },
  },
});

const judged = z.record(
  z.string(),
  z.object({ hole: z.number(), ring: z.number(), ratio: z.number(), psnr: z.number(), frames: z.number() }),
);
type Judged = z.infer<typeof judged>;

async function measure(clip: string, folder: string): Promise<Judged> {
  const source = path.join(ROOT, 'samples', `${clip}.mp4`);
  const truth = JSON.parse(await readFile(path.join(ROOT, 'samples', `${clip}.json`), 'utf8')) as ClipTruth;
  const { width, height, frames, fps } = truth;
  const mask = path.join(folder, `${clip}-hole.png`);
  await writeFile(mask, await pngOf(rectangleMask({ width, height }, HOLE), { width, height }));
  const videos: Record<string, string> = { 'the truth itself': source };
  for (const [name, parameters] of Object.entries(WAYS)) {
    const start = process.cpuUsage();
    const pair = { source, mask, width, height, video: { frames, fps } };
    const { file } = await runInpainting(openFiller, [pair], { parameters });
    const { user, system } = process.cpuUsage(start);
    videos[name] = path.join(folder, `${clip}-${Object.keys(videos).length}.mp4`);
    await writeFile(videos[name], await file('video_1.mp4'));
    process.stderr.write(`${clip}, ${name}: ${((user + system) / 1e6).toFixed(1)} s of processor time\n`);
  }
  const job = { truth: source, hole: mask, videos };
  return judged.parse(await askPython(options.python, 'flicker.py', job));
}

const folder = options.keep ?? (await mkdtemp(path.join(os.tmpdir(), 'infernode-flicker-')));
let reached = true;
try {
  for (const clip of options.clips.split(',')) {
    const rows = await measure(clip, folder);
    console.log(`\n${clip} (${rows[SINGLE].frames} frames)`);
    console.table(
      Object.fromEntries(
        Object.entries(rows).map(([name, { hole, ring, ratio, psnr }]) => [
          name,
          {
            'flicker in the hole': Number(hole.toFixed(2)),
            'around it': Number(ring.toFixed(2)),
            ratio: Number(ratio.toFixed(2)),
            'PSNR dB': Number(psnr.toFixed(2)),
          },
        ]),
      ),
    );
    const [single, steady] = [rows[SINGLE], rows[OVER_TIME]];
    reached &&= steady.hole <= single.hole / 2 && steady.psnr >= single.psnr;
  }
} finally {
  if (options.keep === undefined) await rm(folder, { recursive: true, force: true });
}
console.log(
  reached ? 'half the flicker or less, at no lower PSNR' : 'MISSED: half the flicker, at no lower PSNR',
);
process.exitCode = reached ? 0 : 1;
