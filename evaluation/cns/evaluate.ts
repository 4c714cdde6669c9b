/**
 * Evaluation on images with ground truth: `npm run eval:cns -- [--detectors ORB,SIFT] [--policies cns,ibvs,pbvs]
 * [--pairs 4] [--loop-pairs 3] [--scenes flat,deep] [--lens]`. Renders start/goal pairs with known poses, runs the product's
 * feature pipeline and policies on them, and prints tables; all figures are also written to
 * reports/cns-evaluation.json. Pairs are per scene; 0 skips a part. `--lens` prints only what a lens with and without its
 * camera_info, and a tool with its hand-eye pose, make of the velocities.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { availableDetectors, createFeaturePipeline } from '../../src/servoing/features/detectors/registry.js';
import { cameraReport } from './camera/report.js';
import { driveHome, type ServoEnd } from './closed-loop.js';
import { drawPairs, EVALUATION_SCENES, type EvaluationScene } from './evaluation-scenes.js';
import { judgePath, recordPath, trackPath, type JudgedFrame } from './recorded-paths.js';
import { POLICIES, ServoBench, type PolicyName } from './servo-under-test.js';
import { markdownTable } from '../../benchmarks/statistics.js';
import { summariseFrames, summariseLoops } from './summary.js';
import { overlap, VirtualCamera } from './virtual-camera.js';

/** Minimum share of a goal's points in view at the start. */
const MIN_OVERLAP = 0.55;
/** Supersampling: antialiased edges for recorded paths; closed loops need many images and use none. */
const SAMPLES = { recorded: 2, loop: 1 };

const root = path.resolve(import.meta.dirname, '..', '..', '..');
const modelsDirectory = path.join(root, 'models');
const offered = await availableDetectors(modelsDirectory);

const { values: flags } = parseArgs({
  options: {
    detectors: { type: 'string', default: offered.join(',') },
    policies: { type: 'string', default: POLICIES.join(',') },
    pairs: { type: 'string', default: '4' },
    'loop-pairs': { type: 'string', default: '3' },
    scenes: { type: 'string', default: EVALUATION_SCENES.map(({ name }) => name).join(',') },
    lens: { type: 'boolean', default: false },
  },
});
const chosen = <Name extends string>(flag: string, known: readonly Name[]): Name[] =>
  flag.split(',').map((wanted) => {
    const found = known.find((name) => name.toLowerCase() === wanted.trim().toLowerCase());
    if (found === undefined) throw new Error(`"${wanted}" is not one of ${known.join(', ')}`);
    return found;
  });
const count = (flag: string): number => {
  if (!/^\d{1,2}$/.test(flag)) throw new Error(`"${flag}" is not a number of pairs from 0 to 99`);
  return Number(flag);
};

const detectors = chosen(flags.detectors, offered);
const policies = chosen(flags.policies, POLICIES);
const sceneNames = chosen(
  flags.scenes,
  EVALUATION_SCENES.map(({ name }) => name),
);
const [recordedPairs, loopPairs] = [count(flags.pairs), count(flags['loop-pairs'])];

interface RecordedFigure extends JudgedFrame {
  readonly detector: string;
  readonly policy: PolicyName;
  readonly memory: string;
}
interface LoopFigure extends ServoEnd {
  readonly detector: string;
  readonly policy: PolicyName;
}
const recorded: RecordedFigure[] = [];
const loops: LoopFigure[] = [];
const note = (text: string): void => void process.stderr.write(`${text}\n`);

function pairsOf(scene: EvaluationScene, camera: VirtualCamera, number: number) {
  return drawPairs(scene, number, (goal, start) => {
    return overlap(camera.truthAt(goal).points, start) >= MIN_OVERLAP;
  });
}

/**
 * Recorded paths of one scene: rendered once, detected with each detector, evaluated for each policy and memory mode.
 */
async function judgeScene(bench: ServoBench, scene: EvaluationScene): Promise<void> {
  const camera = new VirtualCamera(scene, SAMPLES.recorded);
  const ways = pairsOf(scene, camera, recordedPairs).map((pair) =>
    recordPath(pair, camera, camera.truthAt(pair.goal)),
  );
  for (const name of detectors) {
    const detector = await createFeaturePipeline(name, { modelsDirectory });
    try {
      for (const way of ways) {
        const tracked = await trackPath(way, detector, bench);
        for (const policy of policies) {
          for (const memory of policy === 'cns'
            ? (['sequence', 'frame'] as const)
            : (['sequence'] as const)) {
            const frames = await judgePath(bench, tracked, { detector: name, policy, memory });
            recorded.push(...frames.map((frame) => ({ ...frame, detector: name, policy, memory })));
          }
        }
      }
    } finally {
      await detector.close();
    }
  }
}

/** Closed loops of one scene. */
async function driveScene(bench: ServoBench, scene: EvaluationScene): Promise<void> {
  const camera = new VirtualCamera(scene, SAMPLES.loop);
  const pairs = pairsOf(scene, camera, loopPairs);
  for (const name of detectors) {
    const detector = await createFeaturePipeline(name, { modelsDirectory });
    try {
      for (const pair of pairs) {
        const truth = camera.truthAt(pair.goal);
        for (const policy of policies) {
          const end = await driveHome({ bench, camera, detector, policy }, pair, truth);
          loops.push({ ...end, detector: name, policy });
          const result = `${end.millimetres.toFixed(1)} mm, ${end.degrees.toFixed(2)} deg after ${end.frames} frames`;
          note(`  ${scene.name} ${pair.index} ${name} ${policy}: ${result}, ${end.lostFrames} lost`);
        }
      }
    } finally {
      await detector.close();
    }
  }
}

function report(): string {
  const parts: string[] = [];
  const scenes = EVALUATION_SCENES.map(({ name }) => name).filter((name) => sceneNames.includes(name));
  if (recorded.length > 0) {
    const rows = detectors.flatMap((detector) =>
      policies.flatMap((policy) =>
        ['sequence', 'frame'].flatMap((memory) => {
          const frames = recorded.filter(
            (one) => one.detector === detector && one.policy === policy && one.memory === memory,
          );
          if (frames.length === 0) return [];
          const s = summariseFrames(frames);
          const name = policy === 'cns' ? `cns, memory ${memory}` : policy;
          return [[detector, name, s.frames, s.lost, s.sixVector, s.rotation, s.translation, s.lengthRatio]];
        }),
      ),
    );
    const head = [
      'detector',
      'policy',
      'frames',
      'lost',
      'six-vector °',
      'rotation °',
      'translation °',
      'length ratio',
    ];
    parts.push(`Recorded paths, ${recordedPairs * scenes.length} pairs:\n\n${markdownTable(head, rows)}`);
    const byScene = scenes.flatMap((scene) =>
      detectors.map((detector) => {
        const own = recorded.filter((one) => one.scene === scene && one.detector === detector);
        const s = summariseFrames(
          own.filter(({ policy, memory }) => policy === policies[0] && memory === 'sequence'),
        );
        return [scene, detector, s.frames, s.lost, s.sixVector, s.rotation, s.translation];
      }),
    );
    const sceneHead = ['scene', 'detector', 'frames', 'lost', 'six-vector °', 'rotation °', 'translation °'];
    parts.push(`The same by scene (${policies[0]}):\n\n${markdownTable(sceneHead, byScene)}`);
  }
  if (loops.length > 0) {
    const rows = detectors.flatMap((detector) =>
      policies.map((policy) => {
        const s = summariseLoops(loops.filter((one) => one.detector === detector && one.policy === policy));
        return [
          detector,
          policy,
          s.pairs,
          s.success,
          s.millimetres,
          s.degrees,
          s.heldFrom,
          s.frames,
          s.stopped,
          s.lostFrames,
        ];
      }),
    );
    const head = [
      'detector',
      'policy',
      'pairs',
      'success %',
      'median mm',
      'median °',
      'held from',
      'frames',
      'stopped %',
      'lost',
    ];
    parts.push(`Closed loop:\n\n${markdownTable(head, rows)}`);
    const failures = loops.filter(({ success }) => !success);
    const lines = failures.map(
      (one) =>
        `- ${one.scene} ${one.pair}, ${one.detector}, ${one.policy}: ${one.millimetres.toFixed(0)} mm, ${one.degrees.toFixed(1)}°, ${one.lostFrames} of ${one.frames} frames lost`,
    );
    if (lines.length > 0) parts.push(`Failures:\n\n${lines.join('\n')}`);
  }
  return `${parts.join('\n\n')}\n`;
}

/** Written after every scene, so that an interrupted run leaves partial results. */
async function writeReports(): Promise<void> {
  await mkdir(path.join(root, 'reports'), { recursive: true });
  const machine = { cpu: os.cpus()[0].model, cores: os.availableParallelism(), node: process.version };
  const document = { at: new Date().toISOString(), machine, flags, recorded, loops };
  await writeFile(path.join(root, 'reports', 'cns-evaluation.json'), JSON.stringify(document, null, 1));
  await writeFile(path.join(root, 'reports', 'cns-evaluation.md'), report());
}

if (flags.lens) {
  process.stdout.write(`${await cameraReport(modelsDirectory, { detectors, policies })}\n`);
  process.exit(0);
}
const bench = await ServoBench.open(root);
try {
  for (const scene of EVALUATION_SCENES.filter(({ name }) => sceneNames.includes(name))) {
    const started = performance.now();
    if (recordedPairs > 0) await judgeScene(bench, scene);
    if (loopPairs > 0) await driveScene(bench, scene);
    await writeReports();
    note(`${scene.name}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  }
  process.stdout.write(report());
} finally {
  bench.close();
}
