import { medianOf } from '../../benchmarks/statistics.js';
import type { ServoEnd } from './closed-loop.js';
import type { JudgedFrame } from './recorded-paths.js';

/** One row of the table of recorded paths. */
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
  /** Medians over all pairs, including failures. */
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
