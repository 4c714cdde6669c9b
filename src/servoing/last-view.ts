import type { Correspondences } from '../vision/features/correspondences.js';
import { logFalseAlarms } from '../vision/geometry/two-view/significance.js';
import { fitMap, missOf, type FittedMap } from '../vision/features/weak/affine-map.js';

/** A view that is older than this says nothing about where the goal's points are now. */
const MAX_SECONDS = 1;
/** How far points may have moved since, in diagonals of the goal's points. */
const REACH = 0.2;
const MIN_COUNT = 4;
/** Matches near the last view that unrelated ones give more often than this, a frame, are no evidence. */
const LOG_TOLERATED_FALSE_ALARMS = Math.log(0.05);

/** What is known of the goal. */
export interface GoalPoints {
  /** `[N, 2]` pixels. */
  readonly points: Float32Array;
  /** Area of the frames, square pixels. */
  readonly frameArea: number;
}

/**
 * Remembers where the goal was last seen. In a frame whose matches agree on nothing, those that lie near their places of a
 * moment ago are likely: more of them than chance would put there.
 */
export class LastView {
  readonly #goal: GoalPoints;
  readonly #diagonal: number;
  #seen: { readonly found: Correspondences; readonly timeSeconds: number } | null = null;
  #map: FittedMap | null = null;

  constructor(goal: GoalPoints) {
    this.#goal = goal;
    this.#diagonal = diagonalOf(goal.points);
  }

  /** Takes a frame in which the goal was found. */
  remember(found: Correspondences, timeSeconds: number): void {
    this.#seen = { found, timeSeconds };
    this.#map = null;
  }

  /** The likely points of a lost frame, as a weak one; the same lost frame when nothing speaks for them. */
  secondLook(lost: Correspondences, timeSeconds: number): Correspondences {
    const { candidates, matches } = lost;
    const map = this.#mapAt(timeSeconds);
    if (candidates === null || map === null) return lost;
    const pairs = { goal: this.#pick(matches.goalIndex), current: candidates };
    const reach = REACH * this.#diagonal;
    const inliers = Uint8Array.from({ length: matches.count }, (_, k) =>
      Number(missOf(map.map, pairs, k) < reach),
    );
    const inlierCount = inliers.reduce((sum, one) => sum + one, 0);
    const chance = Math.min(1, (Math.PI * reach * reach) / this.#goal.frameArea);
    const agreement = {
      pairs: matches.count,
      inliers: inlierCount,
      sampleSize: 0,
      modelsPerSample: 1,
      chance,
    };
    const falseAlarms = logFalseAlarms(agreement);
    if (inlierCount < MIN_COUNT || falseAlarms > LOG_TOLERATED_FALSE_ALARMS) return lost;
    return { ...lost, ...this.#place(lost, inliers), inliers, inlierCount, lost: null, weak: lost.lost };
  }

  #mapAt(timeSeconds: number): FittedMap | null {
    if (this.#seen === null || timeSeconds - this.#seen.timeSeconds > MAX_SECONDS) return null;
    const { cur, visible } = this.#seen.found;
    const rows = [...visible.keys()].filter((row) => visible[row] === 1);
    this.#map ??= fitMap({ goal: this.#goal.points, current: cur }, rows);
    return this.#map;
  }

  #pick(rows: Int32Array): Float32Array {
    const { points } = this.#goal;
    return Float32Array.from({ length: 2 * rows.length }, (_, k) => points[2 * rows[k >> 1] + (k & 1)]);
  }

  #place(
    { candidates, matches, visible }: Correspondences,
    inliers: Uint8Array,
  ): Pick<Correspondences, 'cur' | 'visible'> {
    const cur = new Float32Array(2 * visible.length);
    const seen = new Float32Array(visible.length);
    matches.goalIndex.forEach((row, k) => {
      if (inliers[k] === 0 || candidates === null) return;
      cur.set(candidates.subarray(2 * k, 2 * k + 2), 2 * row);
      seen[row] = 1;
    });
    return { cur, visible: seen };
  }
}

function diagonalOf(points: Float32Array): number {
  const along = (axis: number): number => {
    const values = points.filter((_, k) => k % 2 === axis).sort();
    return values.length === 0 ? 0 : values[values.length - 1] - values[0];
  };
  return Math.hypot(along(0), along(1));
}
