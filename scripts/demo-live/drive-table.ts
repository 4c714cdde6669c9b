import Table from 'cli-table3';
import type { Velocity } from '../../clients/typescript/src/index.js';
import { median } from '../demo/result-table.js';
import type { DriveEnd, DriveFrame, FrameTimes } from './drive.js';
import { distanceFrom, type DemoStart } from './start-poses.js';

/** One run and where it began. */
export interface DriveRow {
  readonly start: DemoStart;
  readonly end: DriveEnd;
}

const numbers = (values: readonly number[]): string =>
  values.map((value) => value.toFixed(2).replace('-0.00', '0.00').padStart(5)).join(' ');

const velocityText = (velocity: Velocity): string =>
  `${numbers(velocity.slice(0, 3))} | ${numbers(velocity.slice(3))}`;

/** Columns of {@link frameLine}. */
export const FRAME_HEAD =
  'frame      mm     deg  status    velocity  v [m/s] | ω [rad/s]           matches  conf.   ms';

/** What is left, and what the server says about it. */
export function frameLine({ index, answer, millimetres, degrees, roundTripMs }: DriveFrame): string {
  const place = `${String(index).padStart(5)} ${millimetres.toFixed(1).padStart(7)} ${degrees.toFixed(2).padStart(7)}`;
  if (answer === null) return `${place}  no answer`;
  const { status, velocity, inliers, matches, confidence } = answer;
  const counts = `${inliers}/${matches}`.padStart(9);
  return `${place}  ${status.padEnd(8)}  ${velocityText(velocity)}  ${counts}  ${confidence.toFixed(2)}  ${roundTripMs.toFixed(0).padStart(4)}`;
}

/** Where a run begins. */
export function startLine(start: DemoStart): string {
  const { metres, degrees, rollDeg } = distanceFrom(start);
  return `${start.scene}: ${(1000 * metres).toFixed(0)} mm and ${degrees.toFixed(0)}° from the goal, ${rollDeg.toFixed(0)}° of it roll`;
}

/** How a run ended. */
export const endLine = ({ arrived, millimetres, degrees, frames, lost }: DriveEnd): string =>
  `${arrived ? 'arrived' : 'did not arrive'} after ${frames} frames, ${lost} of them lost: ${millimetres.toFixed(2)} mm and ${degrees.toFixed(3)}° from the goal`;

/** What all runs gave together; medians over all of them, those that did not arrive too. */
export interface DriveSummary {
  readonly runs: number;
  readonly arrived: number;
  readonly millimetres: number;
  readonly degrees: number;
  readonly worstMillimetres: number;
  readonly worstDegrees: number;
  readonly frames: number;
}

/** Summarises runs. */
export function summariseDrives(ends: readonly DriveEnd[]): DriveSummary {
  const all = (key: 'millimetres' | 'degrees' | 'frames'): number[] => ends.map((end) => end[key]);
  return {
    runs: ends.length,
    arrived: ends.filter(({ arrived }) => arrived).length,
    millimetres: median(all('millimetres')),
    degrees: median(all('degrees')),
    worstMillimetres: Math.max(...all('millimetres')),
    worstDegrees: Math.max(...all('degrees')),
    frames: median(all('frames')),
  };
}

/** One row a start, and what all of them gave. */
export function driveTable(rows: readonly DriveRow[]): string {
  const right = 'right' as const;
  const table = new Table({
    head: [
      'start',
      'scene',
      'mm',
      'deg',
      'roll',
      'from',
      'arrived',
      'frames',
      'lost',
      'final mm',
      'final deg',
    ],
    style: { head: [], border: [], compact: true },
    colAligns: [right, 'left', right, right, right, right, 'left', right, right, right, right],
  });
  rows.forEach(({ start, end }, index) => {
    const { metres, degrees, rollDeg, sceneMetres } = distanceFrom(start);
    table.push([
      index + 1,
      start.scene,
      (1000 * metres).toFixed(0),
      degrees.toFixed(0),
      rollDeg.toFixed(0),
      `${sceneMetres.toFixed(2)} m`,
      end.arrived ? 'yes' : 'no',
      end.frames,
      end.lost,
      end.millimetres.toFixed(2),
      end.degrees.toFixed(3),
    ]);
  });
  return table.toString();
}

/** One line of {@link summariseDrives}. */
export function summaryLine(summary: DriveSummary): string {
  const { runs, arrived, millimetres, degrees, worstMillimetres, worstDegrees, frames } = summary;
  return (
    `${arrived} of ${runs} arrived (${((100 * arrived) / runs).toFixed(0)} %); ` +
    `median ${millimetres.toFixed(2)} mm and ${degrees.toFixed(3)}°, worst ${worstMillimetres.toFixed(2)} mm and ${worstDegrees.toFixed(3)}°, ` +
    `${frames} frames`
  );
}

const STAGES = ['decode', 'detect', 'match', 'network', 'queue', 'total', 'roundTrip'] as const;

/** Median milliseconds of each stage over all frames. */
export function timesLine(times: readonly FrameTimes[]): string {
  const [decode, detect, match, network, queue, total, roundTrip] = STAGES.map((stage) =>
    median(times.map((frame) => frame[stage])).toFixed(1),
  );
  return (
    `median of ${times.length} frames in the server: decode ${decode}, detect ${detect}, match ${match}, network ${network}, ` +
    `queue ${queue}, total ${total} ms; ${roundTrip} ms from the frame to its answer in the client`
  );
}
