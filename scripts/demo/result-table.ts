import Table from 'cli-table3';
import { compareVelocity, type Velocity } from '../../src/vision/geometry/velocity.js';

/** The fields of a result frame that the demo uses. */
export interface DemoFrame {
  readonly frame: number;
  readonly velocity: Velocity | null;
  readonly reason: string | null;
  readonly matches: number;
  readonly inliers: number;
  readonly timingsMs: { readonly detect: number; readonly match: number; readonly network: number };
}

/** Ground truth of a sample clip, as the renderer wrote it. */
export interface SampleTruth {
  readonly frames: number;
  readonly goalFrame: number;
  readonly goalDistance: number;
  readonly intrinsics: { readonly fx: number; readonly fy: number; readonly cx: number; readonly cy: number };
  readonly poses: readonly {
    readonly rotation: readonly number[];
    readonly translation: readonly number[];
  }[];
  readonly teacher: readonly Velocity[];
}

const vector = (values: readonly number[]): string =>
  values.map((value) => value.toFixed(2).replace('-0.00', '0.00').padStart(5)).join(' ');

const degrees = (value: number | null): string => (value === null ? '–' : `${value.toFixed(0)}°`);

/** Vectors below this are displayed as zero and have no direction, so no angle is computed. */
const NEARLY_ZERO = 0.005;
const isNearlyZero = (values: Velocity): boolean => values.every((value) => Math.abs(value) < NEARLY_ZERO);

/** Selects `count` items at equal distances, including the first and the last. */
export function evenlyChosen<Item>(items: readonly Item[], count: number): readonly Item[] {
  if (items.length <= count) return items;
  return Array.from(
    { length: count },
    (_, index) => items[Math.round((index * (items.length - 1)) / (count - 1))],
  );
}

/** Angle between two velocities; `null` when one is nearly zero. */
export function angleBetween(
  velocity: Velocity | null,
  other: Velocity,
  goalDistance: number,
): number | null {
  if (velocity === null || (isNearlyZero(velocity) && isNearlyZero(other))) return null;
  return compareVelocity(velocity, other, goalDistance).angle6Deg;
}

/** One row per frame: the network's velocity next to that of the reference law for the true pose of the clip's camera. */
export function resultTable(frames: readonly DemoFrame[], truth: SampleTruth, device: string): string {
  const table = new Table({
    head: [
      'frame',
      'velocity  v [m/s] | ω [rad/s]',
      'reference v [m/s] | ω [rad/s]',
      'angle',
      'matches',
      'device',
      'ms',
    ],
    style: { head: [], border: [], compact: true },
    colAligns: ['right', 'left', 'left', 'right', 'right', 'left', 'right'],
  });
  for (const { frame, velocity, reason, matches, inliers, timingsMs } of frames) {
    const teacher = truth.teacher[frame];
    const angle = angleBetween(velocity, teacher, truth.goalDistance);
    const six = (values: Velocity) => `${vector(values.slice(0, 3))} | ${vector(values.slice(3))}`;
    const time = timingsMs.detect + timingsMs.match + timingsMs.network;
    table.push([
      frame,
      velocity ? six(velocity) : `lost: ${reason}`,
      six(teacher),
      degrees(angle),
      `${inliers}/${matches}`,
      device,
      time.toFixed(0),
    ]);
  }
  return table.toString();
}

/** Rotation between two camera poses in degrees, from the trace of the relative rotation. */
function rotationBetween(a: readonly number[], b: readonly number[]): number {
  const trace = a.reduce((sum, value, index) => sum + value * b[index], 0);
  return (Math.acos(Math.min(1, Math.max(-1, (trace - 1) / 2))) * 180) / Math.PI;
}

/** Whether the camera is farther from its goal than a tenth of the goal distance or 10 degrees. */
function isFarFromGoal(truth: SampleTruth, frame: number): boolean {
  const [pose, goal] = [truth.poses[frame], truth.poses[truth.goalFrame]];
  const offset = Math.hypot(...pose.translation.map((value, axis) => value - goal.translation[axis]));
  return offset > 0.1 * truth.goalDistance || rotationBetween(pose.rotation, goal.rotation) > 10;
}

/** Median; the mean of the two middle values for an even number of them. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

/** Medians over the frames far from the goal, the quality measure of the product. */
export interface TruthSummary {
  readonly farFrames: number;
  readonly lost: number;
  readonly angle6Deg: number;
  readonly angleRotationDeg: number;
  readonly angleTranslationDeg: number;
  readonly lengthRatio: number;
}

/** Compares all tracked frames far from the goal with the reference law. */
export function summariseAgainstTruth(frames: readonly DemoFrame[], truth: SampleTruth): TruthSummary {
  const far = frames.filter(({ frame }) => isFarFromGoal(truth, frame));
  const compared = far.flatMap(({ frame, velocity }) =>
    velocity ? [compareVelocity(velocity, truth.teacher[frame], truth.goalDistance)] : [],
  );
  const medianOf = (key: 'angle6Deg' | 'angleRotationDeg' | 'angleTranslationDeg' | 'lengthRatio') =>
    median(compared.map((comparison) => comparison[key]).filter((value): value is number => value !== null));
  return {
    farFrames: far.length,
    lost: frames.filter(({ velocity }) => velocity === null).length,
    angle6Deg: medianOf('angle6Deg'),
    angleRotationDeg: medianOf('angleRotationDeg'),
    angleTranslationDeg: medianOf('angleTranslationDeg'),
    lengthRatio: medianOf('lengthRatio'),
  };
}
