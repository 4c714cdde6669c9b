import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { format } from 'prettier';
import { CONFIDENCE_FEATURES, confidenceTerms } from '../../../src/vision/servoing/confidence.js';
import type { ConfidencePolicy } from '../../../src/vision/servoing/confidence-model.js';
import { POLICIES } from '../servo-under-test.js';
import { probabilityOf } from '../../../src/vision/servoing/confidence.js';
import { fitLogistic, type Observation } from './logistic-fit.js';
import type { Forecast } from './reliability.js';
import type { Sample } from './samples.js';
import { scenesOf } from './sequences.js';

/** Frames with a velocity. */
export type Status = 'tracking' | 'weak';

/** Which frames, and how near to the truth they have to be. */
export interface Question {
  readonly status: Status;
  readonly withinDegrees: number;
}

/** Coefficients and what they were fitted to. */
export interface Calibration {
  readonly features: readonly string[];
  readonly withinDegrees: number;
  readonly coefficients: Readonly<Record<ConfidencePolicy, Record<Status, readonly number[]>>>;
  readonly observations: Readonly<Record<ConfidencePolicy, Record<Status, number>>>;
}

/**
 * Penalty of the fits. Products are many: with a tenth of the penalty the frames of scenes left out are forecast as well, those of
 * the held-out scenes less well.
 */
const ridge = (coefficient: number): number => (coefficient < CONFIDENCE_FEATURES.length ? 1 : 10);

const round = (value: number): number => Number(value.toPrecision(6));

interface ObservedSample extends Observation {
  readonly sample: Sample;
}

/** What was stated of a sample. */
export interface SampleForecast extends Forecast {
  readonly sample: Sample;
}

/** Frames of one policy and status as observations. */
function observed(
  samples: readonly Sample[],
  policy: ConfidencePolicy,
  { status, withinDegrees }: Question,
): ObservedSample[] {
  return samples.flatMap((sample) => {
    const { angle, features } = sample;
    if (sample.policy !== policy || sample.status !== status || features === null) return [];
    const right = angle !== null && angle < withinDegrees;
    return [{ features: confidenceTerms(features, status), right, sample }];
  });
}

/** Fits every policy's verified and weak frames. */
export function fitCalibration(samples: readonly Sample[], withinDegrees: number): Calibration {
  const each = <Value>(of: (own: Observation[]) => Value) =>
    Object.fromEntries(
      POLICIES.map((policy) => {
        const own = (status: Status) => of(observed(samples, policy, { status, withinDegrees }));
        return [policy, { tracking: own('tracking'), weak: own('weak') }];
      }),
    ) as Record<ConfidencePolicy, Record<Status, Value>>;
  return {
    features: CONFIDENCE_FEATURES,
    withinDegrees,
    coefficients: each((own) => fitLogistic(own, ridge).map(round)),
    observations: each((own) => own.length),
  };
}

/** What coefficients that were fitted to other scenes state of frames. */
export function forecasts(
  samples: readonly Sample[],
  policy: ConfidencePolicy,
  { coefficients, ...question }: Question & { readonly coefficients: readonly number[] },
): SampleForecast[] {
  return observed(samples, policy, question).map(({ features, right, sample }) => ({
    stated: probabilityOf(features, coefficients),
    right,
    sample,
  }));
}

/** The same of every scene by coefficients that were fitted to all other scenes. */
export function crossForecasts(
  scenes: readonly (readonly Sample[])[],
  policy: ConfidencePolicy,
  question: Question,
): SampleForecast[] {
  return scenes.flatMap((scene) => {
    const others = observed(scenes.filter((other) => other !== scene).flat(), policy, question);
    return forecasts(scene, policy, {
      ...question,
      coefficients: fitLogistic(others, ridge),
    });
  });
}

/** Writes the coefficients as code, and where they come from beside the evaluation. */
export async function writeCalibration(root: string, calibration: Calibration): Promise<void> {
  const manifest = JSON.parse(await readFile(path.join(root, 'models', 'cns', 'manifest.json'), 'utf8')) as {
    version: string;
    files: { step: { sha256: string } };
  };
  const provenance = {
    command: 'npm run eval:confidence -- --fit',
    date: new Date().toISOString().slice(0, 10),
    policy: { version: manifest.version, step: manifest.files.step.sha256 },
    scenes: scenesOf('fit').map(({ name, seed }) => ({ name, seed })),
    ...calibration,
  };
  const json = path.join(root, 'evaluation', 'cns', 'confidence', 'calibration.json');
  await writeFile(json, await format(JSON.stringify(provenance), { parser: 'json', printWidth: 110 }));
  const code = path.join(root, 'src', 'vision', 'servoing', 'confidence-model.ts');
  const source = await readFile(code, 'utf8');
  const start = source.indexOf('= {', source.indexOf('CONFIDENCE_MODEL'));
  const table = `= ${JSON.stringify(calibration.coefficients)};\n`;
  const options = { parser: 'typescript', printWidth: 110, singleQuote: true, trailingComma: 'all' } as const;
  await writeFile(code, await format(source.slice(0, start) + table, options));
}
