import type { ServoEnd } from './closed-loop.js';
import type { JudgedFrame } from './recorded-ways.js';

/** Median of the numbers that are there; `null` without any. */
export function medianOf(values: readonly (number | null)[]): number | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** One row of the table of recorded ways. */
export interface RecordedSummary {
  readonly frames: number;
  readonly lost: number;
  /** Medians over the frames far from the goal that were not lost; degrees, and a ratio. */
  readonly sixVector: number | null;
  readonly translation: number | null;
  readonly rotation: number | null;
  readonly lengthRatio: number | null;
}

/** Summarises judged frames; angles count far from the goal only. */
export function summariseFrames(frames: readonly JudgedFrame[]): RecordedSummary {
  const judged = frames.filter(({ far, lost }) => far && !lost);
  return {
    frames: frames.length,
    lost: frames.filter(({ lost }) => lost).length,
    sixVector: medianOf(judged.map(({ angle6Deg }) => angle6Deg)),
    translation: medianOf(judged.map(({ angleTranslationDeg }) => angleTranslationDeg)),
    rotation: medianOf(judged.map(({ angleRotationDeg }) => angleRotationDeg)),
    lengthRatio: medianOf(judged.map(({ lengthRatio }) => lengthRatio)),
  };
}

/** One row of the table of closed loops. */
export interface LoopSummary {
  readonly pairs: number;
  /** Percent. */
  readonly success: number;
  /** Medians over all pairs, failures among them. */
  readonly millimetres: number | null;
  readonly degrees: number | null;
  readonly frames: number | null;
  readonly heldFrom: number | null;
  /** Percent of pairs in which the stop rule fired. */
  readonly stopped: number;
  readonly lostFrames: number;
}

/** Summarises closed loops. */
export function summariseLoops(ends: readonly ServoEnd[]): LoopSummary {
  const percent = (test: (end: ServoEnd) => boolean): number =>
    ends.length === 0 ? 0 : (100 * ends.filter(test).length) / ends.length;
  return {
    pairs: ends.length,
    success: percent(({ success }) => success),
    millimetres: medianOf(ends.map(({ millimetres }) => millimetres)),
    degrees: medianOf(ends.map(({ degrees }) => degrees)),
    frames: medianOf(ends.map(({ frames }) => frames)),
    heldFrom: medianOf(ends.map(({ heldFrom }) => heldFrom)),
    stopped: percent(({ stopped }) => stopped),
    lostFrames: ends.reduce((sum, { lostFrames }) => sum + lostFrames, 0),
  };
}

/** A table in Markdown; numbers are cut to the digits that matter. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): string {
  const cell = (value: string | number | null): string => {
    if (value === null) return '–';
    if (typeof value === 'string') return value;
    return Number.isInteger(value) || Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
  };
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map((row) => line(row.map(cell)))].join('\n');
}
