/**
 * `npm run eval:archive -- FILE.zip [--out FOLDER] [--python python3]`: uploads an archive of images and videos with
 * their masks to a temporary server as a user would, fills everything, downloads every result and checks it: sizes,
 * frame rates, how far videos differ from their sources outside the mask compared with the loss of the codec alone, and
 * whether Chromium plays them. Exits with 1 when a pair was not filled, a video does not play, or more than the codec's
 * loss was found.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { z } from 'zod';
import { ApiClient } from '../../scripts/demo/api-client.js';
import { followJob } from '../../scripts/demo/follow-job.js';
import { makeStackFolder, startRunningStack, type RunningStack } from '../../tests/support/running-stack.js';
import { askPython } from '../../benchmarks/inpainting/python-peer.js';

const run = promisify(execFile);
const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
/** Tolerance of the codec's loss: bits saved on the fill are spent on the rest of the frame, and vice versa. */
const CODEC_TOLERANCE = 1.15;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string' }, python: { type: 'string', default: process.env.PYTHON ?? 'python3' } },
});

interface Upload {
  readonly processedItems: number;
  readonly tokenSpent: number;
  readonly files: readonly {
    readonly entry: string;
    readonly outcome: string;
    readonly code?: string;
    readonly reason?: string;
    readonly pairedWith?: string;
  }[];
}

interface ResultFile {
  readonly outputPath: string;
  readonly downloadUrl: string;
}

interface Results {
  readonly data: {
    readonly images: readonly ResultFile[];
    readonly videos: readonly ResultFile[];
    readonly sheetUrl: string;
    readonly details: {
      readonly items: readonly {
        readonly name: string;
        readonly status: string;
        readonly warnings: readonly string[];
        readonly facts: object;
      }[];
    };
  };
}

async function videoFacts(file: string) {
  const entries = 'stream=codec_name,pix_fmt,width,height,nb_read_frames,avg_frame_rate,codec_type';
  const { stdout } = await run('ffprobe', [
    ...['-v', 'error', '-count_frames', '-show_entries', entries, '-of', 'json', file],
  ]);
  const { streams } = JSON.parse(stdout) as { streams: Record<string, unknown>[] };
  const video = streams.find(({ codec_type: type }) => type === 'video') ?? {};
  return { ...video, sound: streams.some(({ codec_type: type }) => type === 'audio') };
}

interface Played {
  /** `null` without Chromium. */
  readonly played: boolean | null;
  readonly size?: string;
  readonly seconds?: number;
  readonly framesShown?: number;
}

/** Runs in the page: plays a video to its end. */
const PLAYER = `async (source) => {
  const video = document.createElement('video');
  video.muted = true;
  video.src = source;
  document.body.append(video);
  const ended = new Promise((resolve) => {
    video.addEventListener('ended', () => resolve(true));
    video.addEventListener('error', () => resolve(false));
  });
  await video.play().catch(() => undefined);
  const played = await ended;
  const size = video.videoWidth + 'x' + video.videoHeight;
  return { played, size, seconds: video.duration, framesShown: video.getVideoPlaybackQuality().totalVideoFrames };
}`;

/** Plays a file in Chromium, from the API itself, to its end. */
async function play(stack: RunningStack, url: string): Promise<Played> {
  if (!existsSync(CHROMIUM)) return { played: null };
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    const page = await browser.newPage();
    await page.goto(`${stack.url}/livez`);
    return await page.evaluate<Played>(`(${PLAYER})(${JSON.stringify(url)})`);
  } finally {
    await browser.close();
  }
}

/** Encodes a source like a result but unchanged, to measure the loss of the codec alone. */
async function encodeAgain(source: string, out: string): Promise<void> {
  const codec = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '16', '-pix_fmt', 'yuv420p'];
  await run('ffmpeg', ['-v', 'error', '-y', '-i', source, '-an', ...codec, '-threads', '1', out]);
}

const strays = z.record(z.string(), z.object({ frames: z.number(), mean: z.number(), worst: z.number() }));

/** Checks one result video; `entry` is its source in the archive. */
async function checkVideo(
  stack: RunningStack,
  { url, file }: { url: string; file: string },
  { source, mask }: { source: string; mask: string },
): Promise<boolean> {
  const again = `${file}.again.mp4`;
  await encodeAgain(source, again);
  const lost = strays.parse(
    await askPython(options.python, 'evaluation/peers/unmasked_difference.py', {
      source,
      mask,
      videos: { result: file, codec: again },
    }),
  );
  await rm(again);
  const played = await play(stack, url);
  console.log('  source', await videoFacts(source));
  console.log('  result', await videoFacts(file));
  console.log('  lost where nothing was masked, of 255', lost);
  console.log('  in Chromium', played);
  return played.played !== false && lost.result.mean <= CODEC_TOLERANCE * lost.codec.mean;
}

async function fillArchive(stack: RunningStack, archive: string, out: string): Promise<boolean> {
  const client = new ApiClient(stack.url);
  await client.signUp('archive@example.com', 'a good password');
  await client.post('/api/datasets', { name: 'archive' });
  const upload = await client.uploadPair<Upload>('archive', archive);
  console.log(`${upload.processedItems} items stored for ${upload.tokenSpent} credits`);
  console.table(upload.files.map(({ entry, outcome, code, reason }) => ({ entry, outcome, code, reason })));
  const body = { datasetName: 'archive', parameters: { device: 'cpu' } };
  const { cost } = await client.post<{ cost: number }>('/api/inferences?dryRun=true', body);
  const { jobId } = await client.post<{ jobId: string }>('/api/inferences', body);
  const started = performance.now();
  const status = await followJob(client, jobId, { onStatus: () => undefined, onProgress: () => undefined });
  console.log(`${status} after ${((performance.now() - started) / 1000).toFixed(1)} s, ${cost} credits`);
  const { data } = await client.get<Results>(`/api/inferences/${jobId}/results`);
  console.dir(data.details.items, { depth: 3 });
  await client.download(data.sheetUrl, path.join(out, 'before_after.jpg'));
  const files = [...data.images, ...data.videos].map(({ outputPath, downloadUrl: url }) => ({
    url,
    file: path.join(out, path.basename(outputPath)),
  }));
  for (const { url, file } of files) await client.download(url, file);
  let right = status === 'COMPLETED' && data.details.items.every((item) => item.status === 'filled');
  const pairs = upload.files.filter((entry) => entry.outcome === 'stored' && entry.pairedWith);
  for (const { url, file } of files.filter((one) => /\.(mp4|avi)$/.test(one.file))) {
    const item = data.details.items[Number(/\d+/.exec(path.basename(file))?.[0]) - 1];
    const mask = pairs.find(({ entry }) => entry === item.name)?.pairedWith ?? '';
    const parts = { source: path.join(out, 'archive', item.name), mask: path.join(out, 'archive', mask) };
    console.log(path.basename(file));
    right = (await checkVideo(stack, { url, file }, parts)) && right;
  }
  return right;
}

const [archive] = positionals;
if (archive === undefined) throw new Error('npm run eval:archive -- FILE.zip');
const folder = await makeStackFolder('infernode-archive-');
const out = path.resolve(options.out ?? folder);
await mkdir(out, { recursive: true });
await run('unzip', ['-q', '-o', archive, '-d', path.join(out, 'archive')]);
const stack = await startRunningStack(path.join(folder, 'data'));
try {
  const right = await fillArchive(stack, path.resolve(archive), out);
  console.log(right ? 'all pairs are filled' : 'MISSED');
  process.exitCode = right ? 0 : 1;
} finally {
  stack.process.kill('SIGTERM');
  await stack.exited;
  await rm(folder, { recursive: true, force: true });
}
