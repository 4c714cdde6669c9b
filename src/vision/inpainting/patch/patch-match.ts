import type { CompletionLevel } from './completion-level.js';
import { AREA, CHANNELS, REACH, SIDE, type PatchSettings } from './settings.js';
import type { FastRandom } from './fast-random.js';

/** Floats per row of a patch. */
const ROW = SIDE * CHANNELS;

/** Settings of {@link PatchMatch}. */
export interface SearchSettings {
  readonly random: FastRandom;
  /** Initial radius of the random search in pixels; halved down to 1. */
  readonly window: number;
  readonly settings: Pick<PatchSettings, 'distanceCost' | 'verticalWeight' | 'repeatCost'>;
}

/** Cap on the copies that a source is penalised for, so that a source that is the only good fit stays usable. */
const MAX_REPEATS = 4;

/**
 * Finds the source patch of least cost for every target patch by propagation between neighbours and random search
 * (Barnes et al., "PatchMatch", 2009). The cost is the sum of squared differences over all channels plus a distance
 * penalty, which is higher vertically than horizontally. Sources that other targets already copy are penalised, because
 * repetition is visible.
 */
export class PatchMatch {
  readonly #level: CompletionLevel;
  readonly #search: SearchSettings;
  /** Penalty per pixel of distance. */
  readonly #distancePenalty: number;
  /** Squared weight of vertical distance relative to horizontal distance. */
  readonly #rowWeight: number;
  readonly #repeatPenalty: number;
  /** Copies of a source without penalty; more than one when there are more targets than sources. */
  readonly #fairShare: number;
  /** Number of targets that copy each source. */
  readonly #copies: Int32Array;
  #passes = 0;

  constructor(level: CompletionLevel, search: SearchSettings) {
    const { distanceCost, verticalWeight, repeatCost } = search.settings;
    this.#level = level;
    this.#search = search;
    this.#distancePenalty = (distanceCost * AREA) / (level.width + level.height);
    this.#rowWeight = verticalWeight ** 2;
    this.#repeatPenalty = repeatCost * AREA;
    this.#fairShare = Math.ceil(level.targets.length / level.sources.length);
    this.#copies = new Int32Array(level.width * level.height);
  }

  /** Recomputes the costs of the field after the hole's content has changed. */
  measure(): void {
    const { targets, field, cost } = this.#level;
    this.#copies.fill(0);
    for (const target of targets) {
      this.#copies[field[target]]++;
      cost[target] = this.#cost(target, field[target], Infinity);
    }
  }

  /** One pass over all targets; passes alternate between reading order and its reverse. */
  improve(): void {
    const { targets, width } = this.#level;
    const forward = (this.#passes++ & 1) === 0;
    const count = targets.length;
    for (let k = 0; k < count; k++) {
      const target = targets[forward ? k : count - 1 - k];
      this.#propagate(target, forward ? -1 : 1);
      this.#propagate(target, forward ? -width : width);
      this.#searchAround(target);
    }
  }

  /** Evaluates one offset, in pixels, for every target. */
  offer(dx: number, dy: number): void {
    const { targets, width, height } = this.#level;
    for (const target of targets) {
      const x = (target % width) + dx;
      const y = Math.floor(target / width) + dy;
      if (x >= REACH && y >= REACH && x < width - REACH && y < height - REACH)
        this.#try(target, y * width + x);
    }
  }

  /** Evaluates the offset of the neighbour at `step`. */
  #propagate(target: number, step: number): void {
    const { kind, field } = this.#level;
    const neighbour = target + step;
    if (neighbour < 0 || neighbour >= kind.length || kind[neighbour] !== 2) return;
    const source = field[neighbour] - step;
    if (source >= 0 && source < kind.length) this.#try(target, source);
  }

  #searchAround(target: number): void {
    const { width, height, field } = this.#level;
    const { random, window } = this.#search;
    const right = width - 1 - REACH;
    const bottom = height - 1 - REACH;
    for (let reach = window; reach >= 1; reach >>= 1) {
      const best = field[target];
      const row = (best / width) | 0;
      let x = best - row * width + random.below(2 * reach + 1) - reach;
      let y = row + random.below(2 * reach + 1) - reach;
      x = x < REACH ? REACH : x > right ? right : x;
      y = y < REACH ? REACH : y > bottom ? bottom : y;
      this.#try(target, y * width + x);
    }
  }

  #try(target: number, source: number): void {
    const { kind, field, cost } = this.#level;
    if (kind[source] !== 1 || source === field[target]) return;
    const own = field[target];
    // Repetition penalties depend on the current copies, so they are compared here but not stored in `cost`: voting
    // weights must reflect only how well a patch fits.
    const best =
      cost[target] + this.#repeatCost(this.#copies[own] - 1) - this.#repeatCost(this.#copies[source]);
    const found = this.#cost(target, source, best);
    if (found >= best) return;
    this.#copies[own]--;
    this.#copies[source]++;
    cost[target] = found;
    field[target] = source;
  }

  /** Penalty for a source that `others` further targets copy. */
  #repeatCost(others: number): number {
    const over = others + 1 - this.#fairShare;
    return over > 0 ? this.#repeatPenalty * Math.min(over, MAX_REPEATS) : 0;
  }

  /** Cost of a source for a target; stops after any row at which it reaches `limit`. */
  #cost(target: number, source: number, limit: number): number {
    const { width, features } = this.#level;
    const rowA = (target / width) | 0;
    const rowB = (source / width) | 0;
    const dy = rowA - rowB;
    const dx = target - source - dy * width;
    let sum = this.#distancePenalty * Math.sqrt(dx * dx + this.#rowWeight * dy * dy);
    if (sum >= limit) return sum;
    const stride = width * CHANNELS;
    let a = (target - REACH * width - REACH) * CHANNELS;
    let b = (source - REACH * width - REACH) * CHANNELS;
    for (let y = 0; y < SIDE; y++) {
      for (let k = 0; k < ROW; k += CHANNELS) {
        const d0 = features[a + k] - features[b + k];
        const d1 = features[a + k + 1] - features[b + k + 1];
        const d2 = features[a + k + 2] - features[b + k + 2];
        const d3 = features[a + k + 3] - features[b + k + 3];
        const d4 = features[a + k + 4] - features[b + k + 4];
        const d5 = features[a + k + 5] - features[b + k + 5];
        const d6 = features[a + k + 6] - features[b + k + 6];
        sum += d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3 + d4 * d4 + d5 * d5 + d6 * d6;
      }
      if (sum >= limit) return sum;
      a += stride;
      b += stride;
    }
    return sum;
  }
}
