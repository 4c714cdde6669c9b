/**
 * `npm run eval:video-sizes -- [--rotate] [--sizes 40] [--seconds 0.3] [--sift 8]`: uploads videos of many sizes,
 * portrait and landscape, in six codecs to a running server and starts a CNS job over each, with ORB and for some with
 * SIFT. Prints size, codec, and the numbers of stored, charged and processed frames. `--rotate` uses one codec per size
 * instead of all six. Exits with 1 when a job does not complete or the numbers differ.
 */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { ApiClient } from '../../scripts/demo/api-client.js';
import { followJob } from '../../scripts/demo/follow-job.js';
import { makeStackFolder, startRunningStack } from '../../tests/support/running-stack.js';

const { values: options } = parseArgs({
  options: {
    rotate: { type: 'boolean', default: false },
    sizes: { type: 'string', default: '40' },
    seconds: { type: 'string', default: '0.3' },
    sift: { type: 'string', default: '8' },
  },
});

/** File extension and FFmpeg output options by codec. */
const CODECS: Readonly<Record<string, readonly [ending: string, encoder: readonly string[]]>> = {
  h264: ['mp4', ['-c:v', 'libx264', '-preset', 'ultrafast']],
  hevc: [
    'mov',
    ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none', '-tag:v', 'hvc1'],
  ],
  vp8: ['webm', ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8']],
  vp9: ['webm', ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8']],
  av1: ['mkv', ['-c:v', 'libaom-av1', '-cpu-used', '8', '-usage', 'realtime']],
  mpeg4: ['avi', ['-c:v', 'mpeg4']],
};

/** Width and height; odd multiples of 2, because 4:2:0 encoders accept no odd sides. */
const SIZES = (
  '16x16 18x16 16x34 32x32 50x38 62x66 64x64 66x62 96x160 126x130 128x72 176x144 160x240 240x160 320x180 180x320 ' +
  '352x288 320x240 360x640 426x240 480x480 480x640 640x360 640x480 540x960 720x576 848x480 854x480 720x1280 1024x576 ' +
  '1280x720 1080x1080 1440x1080 1080x1920 1920x1080 1536x2048 2560x1440 1440x3120 2160x3840 3840x2160'
).split(' ');

const run = promisify(execFile);

interface Case {
  readonly size: string;
  readonly codec: string;
  readonly detector: 'ORB' | 'SIFT';
}

function casesOf(): Case[] {
  const names = Object.keys(CODECS);
  const sizes = SIZES.slice(0, Number(options.sizes));
  const siftEvery = Number(options.sift);
  return sizes
    .flatMap((size, index) =>
      (options.rotate ? [names[index % names.length]] : names).map((codec) => ({ size, codec })),
    )
    .map((one, index) => ({ ...one, detector: index % siftEvery === siftEvery - 1 ? 'SIFT' : 'ORB' }));
}

interface Row extends Case {
  readonly stored: number;
  readonly charged: number;
  readonly processed: number;
  readonly lost: number;
  readonly status: string;
}

async function makeClip(folder: string, { size, codec }: Case): Promise<string> {
  const [ending, encoder] = CODECS[codec];
  const file = path.join(folder, `${codec}-${size}.${ending}`);
  const source = ['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=25:d=${options.seconds}`, '-pix_fmt', 'yuv420p'];
  await run('ffmpeg', ['-hide_banner', '-v', 'error', '-y', ...source, ...encoder, '-threads', '1', file]);
  return file;
}

/** Price of a processed frame, in credits. */
const FRAME_PRICE = 0.002;

interface JobView {
  readonly cost: { readonly captured: number };
  readonly error: { readonly code: string } | null;
}

async function tryCase(client: ApiClient, folder: string, one: Case): Promise<Row> {
  const file = await makeClip(folder, one);
  try {
    const { dataset } = await client.post<{ dataset: { id: string } }>('/api/dataset', {
      name: `${one.codec} ${one.size}`,
    });
    const upload = await client.uploadVideo(dataset.id, file, one.size);
    const stored = Math.round(upload.costDeducted / 0.001);
    const parameters = { detector: one.detector, device: 'cpu', preview: false };
    const { jobId } = await client.post<{ jobId: string[] }>('/api/inference', {
      datasetId: dataset.id,
      parameters,
    });
    const quiet = { onStatus: () => undefined, onProgress: () => undefined };
    const ended = await followJob(client, jobId[0], quiet);
    const job = await client.get<JobView>(`/api/jobs/${jobId[0]}`);
    const charged = Math.round(job.cost.captured / FRAME_PRICE);
    if (ended !== 'COMPLETED')
      return { ...one, stored, charged, processed: 0, lost: 0, status: `${ended} ${job.error?.code ?? ''}` };
    const { results } = await client.get<{ results: { velocity: (number[] | null)[] } }>(
      `/api/inference/result/json/${jobId[0]}`,
    );
    const lost = results.velocity.filter((velocity) => velocity === null).length;
    return { ...one, stored, charged, processed: results.velocity.length, lost, status: ended };
  } catch (error) {
    return { ...one, stored: 0, charged: 0, processed: 0, lost: 0, status: String(error) };
  } finally {
    await rm(file, { force: true });
  }
}

const right = ({ stored, charged, processed, status }: Row): boolean =>
  status === 'COMPLETED' && stored > 0 && stored === charged && charged === processed;

const folder = await makeStackFolder('infernode-sizes-');
const stack = await startRunningStack(path.join(folder, 'data'));
let failed = 0;
try {
  const client = new ApiClient(stack.url);
  await client.signUp('sizes@example.com', 'a good password');
  console.log(
    '| size | codec | detector | stored | charged | processed | lost | status |\n|---|---|---|---|---|---|---|---|',
  );
  for (const one of casesOf()) {
    const row = await tryCase(client, folder, one);
    if (!right(row)) failed += 1;
    const { size, codec, detector, stored, charged, processed, lost, status } = row;
    console.log(`| ${[size, codec, detector, stored, charged, processed, lost, status].join(' | ')} |`);
  }
  console.log(
    failed === 0 ? 'All jobs completed; charged and processed frames agree.' : `${failed} are wrong.`,
  );
} finally {
  stack.process.kill('SIGTERM');
  await stack.exited;
  await rm(folder, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
