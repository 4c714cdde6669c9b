/**
 * Weak frames and the calibration of confidence: `npm run eval:confidence -- [--fit] [--held-out] [--scenes N]
 * [--detectors SIFT,ORB]`. Renders the scenes that were not rendered before (`reports/cns-confidence/`; `--scenes` at most),
 * prints frames lost with and without weak ones and what the weak ones' velocities are worth, and the reliability of
 * confidences, each scene's stated by a fit to all others, and writes its plot, docs/images/confidence-reliability.svg. `--fit` writes the
 * coefficients of the fit to all scenes. `--held-out` judges these on the same kinds of scenes with other seeds.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { markdownTable, medianOf } from '../../../benchmarks/statistics.js';
import { availableDetectors } from '../../../src/servoing/features/detectors/registry.js';
import { confidenceTerms, probabilityOf } from '../../../src/vision/servoing/confidence.js';
import { CONFIDENCE_MODEL } from '../../../src/vision/servoing/confidence-model.js';
import { POLICIES, ServoBench, type PolicyName } from '../servo-under-test.js';
import { crossForecasts, fitCalibration, forecasts, writeCalibration, type Status } from './calibration.js';
import { KeptResults } from './kept-results.js';
import { reliabilityOf } from './reliability.js';
import { reliabilitySvg } from './reliability-plot.js';
import { SampleCollector, type Sample } from './samples.js';
import { scenesOf, type SetName } from './sequences.js';

const root = path.resolve(import.meta.dirname, '../../../..');
const modelsDirectory = path.join(root, 'models');
const WITHIN = 30;

const { values: flags } = parseArgs({
  options: {
    fit: { type: 'boolean', default: false },
    'held-out': { type: 'boolean', default: false },
    scenes: { type: 'string', default: '99' },
    detectors: { type: 'string', default: 'SIFT,ORB,AKAZE' },
  },
});
const note = (text: string): void => void process.stderr.write(`${text}\n`);
let left = Number(flags.scenes);
const missing: string[] = [];

/** Samples of every scene. */
async function samplesOf(bench: ServoBench, set: SetName): Promise<Sample[][]> {
  const offered = await availableDetectors(modelsDirectory);
  const detectors = flags.detectors.split(',').filter((name) => offered.includes(name));
  const kept = await KeptResults.open(root, new SampleCollector(bench, modelsDirectory));
  const scenes: Sample[][] = [];
  for (const plan of scenesOf(set)) {
    const mayMake = left > 0;
    let made = 0;
    const noteMade = (text: string): void => {
      made += 1;
      note(text);
    };
    const samples: (Sample[] | null)[] = [];
    for (const detector of detectors)
      samples.push(await kept.samplesOf(plan, detector, { mayMake, note: noteMade }));
    if (made > 0) left -= 1;
    if (samples.includes(null)) missing.push(plan.id);
    else scenes.push(samples.flatMap((own) => own ?? []));
  }
  return scenes;
}

const percent = (part: readonly unknown[], whole: readonly unknown[]): number | null =>
  whole.length === 0 ? null : (100 * part.length) / whole.length;

/** Confidence of a weak frame by the shipped coefficients, whichever there were when it was rendered. */
const statedOf = (features: readonly number[]): number =>
  probabilityOf(confidenceTerms(features, 'weak'), CONFIDENCE_MODEL.cns.weak);

/** Lost frames before (every frame that the geometric check refused) and after, and the angles of the weak ones. */
function lostTable(samples: readonly Sample[]): string {
  const groups = ['usual', 'wide', 'aside'] as const;
  const rows = groups.flatMap((group) =>
    [...new Set(samples.map(({ detector }) => detector))].map((detector) => {
      const own = samples.filter(
        (one) => one.policy === 'cns' && one.group === group && one.detector === detector && one.far,
      );
      const weak = own.filter(({ status }) => status === 'weak');
      const lost = own.filter(({ status }) => status === 'lost');
      const angles = weak.map(({ angle }) => angle).filter((angle) => angle !== null);
      const under = (limit: number) =>
        percent(
          angles.filter((angle) => angle < limit),
          angles,
        );
      return [
        ...[group, detector, own.length, weak.length + lost.length, lost.length, weak.length],
        ...[
          medianOf(angles),
          under(WITHIN),
          under(90),
          medianOf(weak.flatMap(({ features }) => (features === null ? [] : [statedOf(features)]))),
        ],
      ];
    }),
  );
  const head = ['views', 'detector', 'far frames', 'unverified: lost before', 'lost', 'weak'];
  const angles = ['weak: median °', '< 30° %', '< 90° %', 'median confidence'];
  return markdownTable([...head, ...angles], rows);
}

type Scenes = readonly (readonly Sample[])[];

/** What was stated of the frames of one policy and status, and whether it came true; of the samples that count. */
function reliabilityFor(
  scenes: Scenes,
  policy: PolicyName,
  status: Status,
  counts: (sample: Sample) => boolean = () => true,
) {
  const question = { status, withinDegrees: WITHIN };
  const stated = flags['held-out']
    ? forecasts(scenes.flat(), policy, { ...question, coefficients: CONFIDENCE_MODEL[policy][status] })
    : crossForecasts(scenes, policy, question);
  return reliabilityOf(stated.filter(({ sample }) => counts(sample)));
}

/** The same for each detector, apart for the usual views and for those from far aside. */
function detectorTable(scenes: Scenes): string {
  const detectors = [...new Set(scenes.flat().map(({ detector }) => detector))];
  const rows = detectors.flatMap((detector) =>
    (['tracking', 'weak'] as const).flatMap((status) =>
      [true, false].flatMap((usual) => {
        const own = reliabilityFor(
          scenes,
          'cns',
          status,
          (sample) => sample.detector === detector && (sample.group === 'usual') === usual,
        );
        if (own.count === 0) return [];
        const views = usual ? 'usual' : 'wide, aside';
        const shares = [own.stated.toFixed(2), own.observed.toFixed(2)];
        const errors = [
          own.calibrationError.toFixed(3),
          own.brier.toFixed(3),
          own.brierOfConstant.toFixed(3),
        ];
        return [[detector, status, views, own.count, ...shares, ...errors]];
      }),
    ),
  );
  const head = ['cns with', 'frames', 'views', 'number', 'stated', 'within 30°'];
  return markdownTable([...head, 'calibration error', 'Brier score', 'of the constant'], rows);
}

function reliabilityTables(scenes: Scenes): string {
  const overall = POLICIES.flatMap((policy) =>
    (['tracking', 'weak'] as const).map((status) => {
      const { count, calibrationError, brier, brierOfConstant } = reliabilityFor(scenes, policy, status);
      return [
        policy,
        status,
        count,
        calibrationError.toFixed(3),
        brier.toFixed(3),
        brierOfConstant.toFixed(3),
      ];
    }),
  );
  const bins = (['tracking', 'weak'] as const).flatMap((status) =>
    reliabilityFor(scenes, 'cns', status).bins.map(({ count, stated, observed, interval: [low, high] }) => [
      ...[status, count, stated.toFixed(2), observed.toFixed(2)],
      `${low.toFixed(2)}–${high.toFixed(2)}`,
    ]),
  );
  return [
    markdownTable(
      ['policy', 'frames', 'number', 'calibration error', 'Brier score', 'of the constant'],
      overall,
    ),
    detectorTable(scenes),
    markdownTable(['cns', 'frames', 'stated', 'within 30°', '95 % interval'], bins),
  ].join('\n\n');
}

async function plot(scenes: Scenes): Promise<void> {
  const curve = (policy: PolicyName, status: Status) => ({
    name: status,
    colour: status === 'weak' ? '#b7791f' : '#2b6cb0',
    reliability: reliabilityFor(scenes, policy, status),
  });
  const panels = POLICIES.map((policy) => ({
    name: policy,
    curves: [curve(policy, 'tracking'), curve(policy, 'weak')],
  }));
  const file = path.join(root, 'docs', 'images', 'confidence-reliability.svg');
  await writeFile(file, `${reliabilitySvg('Confidence, each scene by a fit to all others', panels)}\n`);
}

const bench = await ServoBench.open(root);
try {
  const scenes = await samplesOf(bench, flags['held-out'] ? 'held-out' : 'fit');
  if (missing.length > 0) note(`not computed yet: ${missing.join('; ')}; run again`);
  if (flags.fit) {
    if (missing.length > 0) throw new Error('The coefficients are fitted to all scenes.');
    await writeCalibration(root, fitCalibration(scenes.flat(), WITHIN));
    note('coefficients written; build and run again without --fit');
  } else if (scenes.length > 0) {
    if (missing.length > 0) process.stdout.write(`Of ${String(scenes.length)} scenes alone:\n\n`);
    process.stdout.write(`${lostTable(scenes.flat())}\n\n${reliabilityTables(scenes)}\n`);
    if (!flags['held-out'] && missing.length === 0) await plot(scenes);
  }
} finally {
  bench.close();
}
process.exit(0);
