/**
 * `npm run soak:memory -- [--seconds 60,600] [--fps 30] [--detector ORB]`: runs a CNS job over every frame of 1080p
 * clips of several lengths, each on a stack of its own, and prints the largest resident set of the worker and of its
 * engine. Exits 1 when a longer clip takes over 10 % more than the first.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ApiClient } from '../../scripts/demo/api-client.js';
import { followJob } from '../../scripts/demo/follow-job.js';
import { makeLongClip } from '../../scripts/render/long-clip.js';
import { watchMemory } from './memory-watch.js';
import { startSoakStack } from './soak-stack.js';

const ALLOWED_GROWTH = 1.1;
const MEBIBYTE = 2 ** 20;

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60,600' },
    fps: { type: 'string', default: '30' },
    detector: { type: 'string', default: 'ORB' },
  },
});

async function measure(seconds: number) {
  const { stack, folder, end } = await startSoakStack('infernode-memory-');
  try {
    const clip = path.join(folder, `${seconds}.mp4`);
    const fps = Number(options.fps);
    const piece = path.join(folder, 'piece.mp4');
    const frames = await makeLongClip({ out: clip, piece, seconds, width: 1920, height: 1080, fps, seed: 1 });
    const client = new ApiClient(stack.url);
    await client.signUp('memory@example.com', 'a good password');
    const { dataset } = await client.post<{ dataset: { id: string } }>('/api/dataset', { name: 'memory' });
    await client.uploadVideo(dataset.id, clip, 'clip');
    const memory = watchMemory(stack);
    const started = performance.now();
    const { jobId } = await client.post<{ jobId: string[] }>('/api/inference', {
      datasetId: dataset.id,
      parameters: { goalFrameId: 0, detector: options.detector, device: 'cpu' },
    });
    const status = await followJob(client, jobId[0], {
      onStatus: () => undefined,
      onProgress: () => undefined,
    });
    const peak = memory.stop();
    if (status !== 'COMPLETED') throw new Error(`The job on ${seconds} s of video ended ${status}.`);
    return {
      seconds,
      frames,
      workerMiB: Math.round(peak.worker / MEBIBYTE),
      engineMiB: Math.round(peak.engine / MEBIBYTE),
      minutes: Number(((performance.now() - started) / 60_000).toFixed(1)),
    };
  } finally {
    await end();
  }
}

const rows = [];
for (const seconds of options.seconds.split(',').map(Number)) {
  rows.push(await measure(seconds));
  process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
}
console.table(rows);
const [first, ...longer] = rows;
const grown = longer.filter(
  (row) =>
    row.workerMiB > ALLOWED_GROWTH * first.workerMiB || row.engineMiB > ALLOWED_GROWTH * first.engineMiB,
);
process.exitCode = grown.length > 0 ? 1 : 0;
