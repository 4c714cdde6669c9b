/**
 * Compares the servo policy with the ground truth of the sample clips, through the product's pipeline: `npm run
 * eval:clips -- [--clips approach,moving-away] [--detectors ORB,AKAZE] [--memories sequence,frame] [--policy cns|ibvs]
 * [--models FOLDER]`. Prints a Markdown table of medians over the frames far from the goal.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { locateFfmpeg } from '../../src/media/ffmpeg-locate.js';
import { cnsParamsSchema } from '../../src/tasks/cns/params.js';
import { pipeline as cnsPipeline } from '../../src/tasks/cns/pipeline.js';
import { summariseAgainstTruth, type DemoFrame, type SampleTruth } from '../../scripts/demo/result-table.js';

const ROOT = resolve(import.meta.dirname, '../../..');
/** Only for the pipeline's energy estimate, which is not evaluated. */
const POWER = { cpuWatts: 15, carbonGramsPerKwh: 475 };

interface Clip extends SampleTruth {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
}

const { values } = parseArgs({
  options: {
    clips: { type: 'string', default: 'approach,moving-away,hard-start,lost-goal' },
    detectors: { type: 'string', default: 'ORB' },
    memories: { type: 'string', default: 'sequence,frame' },
    policy: { type: 'string', default: 'cns' },
    models: { type: 'string', default: join(ROOT, 'models') },
  },
});
const ffmpeg = await locateFfmpeg();

async function evaluateClip(
  name: string,
  preferences: { detector: string; memory: string },
): Promise<string> {
  const path = join(ROOT, 'samples', `${name}.mp4`);
  const truth = JSON.parse(await readFile(join(ROOT, 'samples', `${name}.json`), 'utf8')) as Clip;
  const { width, height, fps, frames: frameCount, intrinsics, goalDistance, goalFrame } = truth;
  const video = { name, width, height, frameCount, fps: { num: fps, den: 1 } };
  const range = { startFrame: 0, endFrame: frameCount, frameStep: 1 };
  const input = { goalVideo: video, currentVideo: video, goalFrame, ...range };
  const params = cnsParamsSchema.parse({ ...preferences, policy: values.policy, intrinsics, goalDistance });
  const workspace = await mkdtemp(join(tmpdir(), 'infernode-clips-'));
  try {
    const { json } = await cnsPipeline({ input, media: { goal: 'goal', current: 'current' } }, params, {
      jobId: '00000000-0000-7000-8000-000000000000',
      mediaPaths: { goal: path, current: path },
      workspace,
      modelsDirectory: values.models,
      ffmpeg,
      power: POWER,
      threads: 1,
      signal: new AbortController().signal,
      progress: () => undefined,
    });
    const medians = summariseAgainstTruth(json.frames as readonly DemoFrame[], truth);
    const { farFrames, lost, angle6Deg, angleRotationDeg, angleTranslationDeg, lengthRatio } = medians;
    const figures = [angle6Deg, angleRotationDeg, angleTranslationDeg].map((angle) => angle.toFixed(1));
    const cells = [
      name,
      preferences.detector,
      preferences.memory,
      farFrames,
      lost,
      ...figures,
      lengthRatio.toFixed(2),
    ];
    return `| ${cells.join(' | ')} |`;
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

const head = 'clip,detector,memory,far frames,lost frames,six-vector,rotation,translation,length ratio'.split(
  ',',
);
console.log(`| ${head.join(' | ')} |\n|${' --- |'.repeat(head.length)}`);
for (const detector of values.detectors.split(','))
  for (const memory of values.memories.split(','))
    for (const clip of values.clips.split(',')) console.log(await evaluateClip(clip, { detector, memory }));
