/** One job over a sample clip on one thread, as one line of JSON; `benchmarks/peers.ts` starts it. */
import { parseArgs } from 'node:util';
import { runClip } from './run-clip.js';

const { values: flags } = parseArgs({
  options: {
    detector: { type: 'string', default: 'SIFT' },
    clip: { type: 'string', default: 'approach' },
  },
});
const job = { clip: flags.clip, threads: 1, parameters: { detector: flags.detector } };
const line = await runClip(job, ({ timings, json }, { frames }) => {
  const records = json.frames as readonly { readonly inliers: number }[];
  return JSON.stringify({
    framesPerSecond: (1000 * frames) / timings.framesMs,
    inliers: records.reduce((sum, { inliers }) => sum + inliers, 0) / frames,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
  });
});
process.stdout.write(`${line}\n`);
process.exit(0);
