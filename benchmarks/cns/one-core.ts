/** Runs one job over a clip on one thread and prints one line of JSON; started by `benchmarks/peers.ts`. */
import { parseArgs } from 'node:util';
import { locateFfmpeg } from '../../src/media/ffmpeg-locate.js';
import { processorMs } from '../processor-time.js';
import { runClip } from './run-clip.js';

const { values: flags } = parseArgs({
  options: {
    detector: { type: 'string', default: 'SIFT' },
    clip: { type: 'string', default: 'approach' },
    folder: { type: 'string' },
  },
});

/** Frames of one thread that are prefetched before the first is done: see PREFETCHED_FRAMES_PER_THREAD of the pipeline. */
const AHEAD = 3;

// Engines locate FFmpeg before their first job.
const ffmpeg = await locateFfmpeg();
const job = {
  clip: flags.clip,
  folder: flags.folder,
  ffmpeg,
  threads: 1,
  parameters: { detector: flags.detector },
};
const [start, processorStart] = [performance.now(), processorMs()];
let processorFirst = Number.NaN;
let processorLast = Number.NaN;
const line = await runClip(
  job,
  ({ timings, json }, { frames }) => {
    const records = json.frames as readonly { readonly inliers: number }[];
    return JSON.stringify({
      framesPerSecond: (1000 * frames) / timings.framesMs,
      // Work done before the first frame is complete is not counted, nor are those frames.
      processorMs: (processorLast - processorFirst) / (frames - 1 - AHEAD),
      jobFramesPerSecond: (1000 * frames) / (performance.now() - start),
      jobProcessorMs: (processorMs() - processorStart) / frames,
      inliers: records.reduce((sum, { inliers }) => sum + inliers, 0) / frames,
      peakMegabytes: process.resourceUsage().maxRSS / 1024,
      stageMs: timings,
    });
  },
  ({ done, stage }) => {
    if (stage === 'infer' && done === 1) processorFirst = processorMs();
    if (stage === 'report') processorLast = processorMs();
  },
);
process.stdout.write(`${line}\n`);
process.exit(0);
