/**
 * Renders docs/images/contact-sheet.jpg: `npm run docs:contact-sheet`. Runs the sample clips through the product's
 * pipeline and arranges match images, preview frames and plots of their result ZIPs on one page.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import sharp, { type OverlayOptions } from 'sharp';
import { ROOT, runClip } from '../../benchmarks/cns/run-clip.js';
import { openZip } from '../../src/media/zip-reader.js';

/** Clip and detector of each row. */
const ROWS = [
  { clip: 'approach', detector: 'SIFT' },
  { clip: 'hard-start', detector: 'ORB' },
  { clip: 'lost-goal', detector: 'SIFT' },
  { clip: 'moving-away', detector: 'AKAZE' },
] as const;
const CELL = { width: 560, height: 400, gap: 10, caption: 30 };
const LIMITS = { maxEntries: 100, maxTotalBytes: 500_000_000, maxEntryBytes: 100_000_000 };

const run = promisify(execFile);

/** Extracts the displayed files of a result; returns the files of the cells. */
async function cellsOf(zipPath: string, folder: string): Promise<string[]> {
  const archive = await openZip(zipPath, LIMITS);
  try {
    const matches = archive.entries.filter(({ name }) => name.startsWith('matches/'));
    const wanted = [
      { entry: matches[Math.floor(matches.length / 4)], file: 'match.jpg' },
      { entry: archive.entries.find(({ name }) => name === 'preview.mp4'), file: 'preview.mp4' },
      { entry: archive.entries.find(({ name }) => name === 'velocity.png'), file: 'velocity.png' },
    ];
    for (const { entry, file } of wanted) {
      if (entry === undefined) throw new Error(`${zipPath} lacks ${file}`);
      await archive.extract(entry, path.join(folder, file));
    }
  } finally {
    archive.close();
  }
  const frame = path.join(folder, 'preview.png');
  const middle = ['-vf', "select='eq(n,35)'", '-frames:v', '1'];
  await run('ffmpeg', ['-v', 'error', '-y', '-i', path.join(folder, 'preview.mp4'), ...middle, frame]);
  return [path.join(folder, 'match.jpg'), frame, path.join(folder, 'velocity.png')];
}

/** One row of the sheet as overlays. */
async function drawRow(files: readonly string[], top: number): Promise<OverlayOptions[]> {
  const { width, height, gap } = CELL;
  return Promise.all(
    files.map(async (file, column) => {
      const size = { width, height, fit: 'contain', background: '#ffffff' } as const;
      return {
        input: await sharp(file).resize(size).png().toBuffer(),
        left: gap + column * (width + gap),
        top,
      };
    }),
  );
}

const { width, height, gap, caption } = CELL;
const layers: OverlayOptions[] = [];
for (const [index, { clip, detector }] of ROWS.entries()) {
  const top = gap + index * (height + caption + gap);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-sheet-'));
  try {
    const files = await runClip({ clip, threads: 1, parameters: { detector } }, ({ zipPath }) =>
      cellsOf(zipPath, folder),
    );
    layers.push(...(await drawRow(files, top + caption)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="${caption}"><text x="0" y="21" font-size="18" font-family="DejaVu Sans, Helvetica, Arial, sans-serif" fill="#1a202c">${clip}, ${detector}: matches of a frame, preview.mp4, velocity.png</text></svg>`;
  layers.push({ input: Buffer.from(text), left: gap, top });
  process.stdout.write(`${clip} done\n`);
}
const target = path.join(ROOT, 'docs', 'images', 'contact-sheet.jpg');
const sheet = sharp({
  create: {
    width: 3 * width + 4 * gap,
    height: ROWS.length * (height + caption + gap) + gap,
    channels: 3,
    background: '#ffffff',
  },
});
await writeFile(target, await sheet.composite(layers).jpeg({ quality: 82 }).toBuffer());
process.stdout.write(`written to ${path.relative(ROOT, target)}\n`);
// The registry keeps its networks open for further jobs, so the process is ended explicitly.
process.exit(0);
