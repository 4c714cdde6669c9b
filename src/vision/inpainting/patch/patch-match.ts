import type { CompletionLevel } from './completion-level.js';
import { AREA, CHANNELS, REACH, SIDE, type PatchSettings } from './settings.js';
import type { FastRandom } from './fast-random.js';

/** Floats of one row of a patch. */
const ROW = SIDE * CHANNELS;

/** How {@link PatchMatch} searches. */
export interface SearchSettings {
  readonly random: FastRandom;
  /** Largest step of the random search in pixels; it is halved until it is 1. */
  readonly window: number;
  readonly settings: Pick<PatchSettings, 'distanceCost' | 'verticalWeight' | 'repeatCost'>;
}

/** A source is charged for at most so many copies: one that alone fits must stay usable. */
const MOST_REPEATS = 4;

/**
 * Finds for every target patch the source patch of least cost by propagation between neighbours and random search
 * (Barnes et al., "PatchMatch", 2009). Cost: summed squared difference of all channels, plus a price on distance, which is
 * higher up and down than to the side. A source that other targets copy already costs more: it would be seen as a repeat.
 */
export class PatchMatch {
  readonly #level: CompletionLevel;
  readonly #search: SearchSettings;
  /** Price of one pixel of distance. */
  readonly #price: number;
  /** A row counts as much as the square root of this many columns. */
  readonly #rowWeight: number;
  readonly #repeatPrice: number;
  /** Copies of a source that cost nothing: more than one where the hole has more patches than its surroundings. */
  readonly #fairShare: number;
  /** How many targets copy a source. */
  readonly #copies: Int32Array;
  #passes = 0;

  constructor(level: CompletionLevel, search: SearchSettings) {
    const { distanceCost, verticalWeight, repeatCost } = search.settings;
    this.#level = level;
    this.#search = search;
    this.#price = (distanceCost * AREA) / (level.width + level.height);
    this.#rowWeight = verticalWeight ** 2;
    this.#repeatPrice = repeatCost * AREA;
    this.#fairShare = Math.ceil(level.targets.length / level.sources.length);
    this.#copies = new Int32Array(level.width * level.height);
  }

  /** Computes the costs of the field again, after the hole's content has changed. */
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

  /** Tries one shift, in pixels, for every target. */
  offer(dx: number, dy: number): void {
    const { targets, width, height } = this.#level;
    for (const target of targets) {
      const x = (target % width) + dx;
      const y = Math.floor(target / width) + dy;
      if (x >= REACH && y >= REACH && x < width - REACH && y < height - REACH)
        this.#try(target, y * width + x);
    }
  }

  /** Tries what the neighbour `step` away has found, moved along. */
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
    // The prices on repeats are those of this moment, and no part of the costs: votes count how well a patch fits.
    const best =
      cost[target] + this.#repeatCost(this.#copies[own] - 1) - this.#repeatCost(this.#copies[source]);
    const found = this.#cost(target, source, best);
    if (found >= best) return;
    this.#copies[own]--;
    this.#copies[source]++;
    cost[target] = found;
    field[target] = source;
  }

  /** Price of copying a source that `others` copy as well. */
  #repeatCost(others: number): number {
    const over = others + 1 - this.#fairShare;
    return over > 0 ? this.#repeatPrice * Math.min(over, MOST_REPEATS) : 0;
  }

  /** Cost of a source for a target; given up row by row once it is not below `limit`. */
  #cost(target: number, source: number, limit: number): number {
    const { width, features } = this.#level;
    const rowA = (target / width) | 0;
    const rowB = (source / width) | 0;
    const dy = rowA - rowB;
    const dx = target - source - dy * width;
    let sum = this.#price * Math.sqrt(dx * dx + this.#rowWeight * dy * dy);
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
