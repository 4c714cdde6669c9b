import { countInliers, refine } from './local-optimisation.js';
import { createCost, type MsacEstimate } from './msac-cost.js';
import type { PointPairs } from './point-pairs.js';
import { createSeededRandom, drawDistinct, shuffledIndices } from './seeded-random.js';
import type { TwoViewModel } from './two-view-model.js';

/** How many samples a search draws. */
export interface SampleLimits {
  /** Required probability that at least one sample holds only inliers. */
  readonly confidence: number;
  readonly minIterations: number;
  readonly maxIterations: number;
}

/** Settings of {@link estimateMsac}. */
export interface MsacOptions extends SampleLimits {
  /** Inlier threshold, pixels. */
  readonly threshold: number;
  readonly seed: number;
  /** Pairs from most to least trusted; trusted pairs are sampled first. */
  readonly ranking?: Int32Array;
  /** A model from another method that the search has to improve on; its cost uses the same threshold. */
  readonly initial?: MsacEstimate | null;
}

/** Samples after which the ranking no longer matters. */
const RANKED_SAMPLES = 300;

/**
 * Robust fit by random sampling: MSAC cost (Torr and Zisserman 2000), samples drawn from the best-ranked pairs first as
 * in PROSAC (Chum and Matas 2005), and each new best model refined by least squares on its inliers (LO-RANSAC, Chum et
 * al. 2003). `null` when there are too few pairs or every sample is degenerate.
 */
export function estimateMsac(
  kind: TwoViewModel,
  pairs: PointPairs,
  options: MsacOptions,
): MsacEstimate | null {
  if (pairs.count < kind.sampleSize) return null;
  const random = createSeededRandom(options.seed);
  const squaredThreshold = (options.threshold * pairs.scale) ** 2;
  const cost = createCost(kind, pairs, { squaredThreshold, order: shuffledIndices(random, pairs.count) });
  const sample = new Int32Array(kind.sampleSize);
  const samplesFor = (estimate: MsacEstimate): number => {
    const inliers = countInliers(kind, pairs, { model: estimate.model, squaredThreshold });
    return samplesNeeded(inliers / pairs.count, kind.sampleSize, options);
  };
  let best = options.initial ?? null;
  let needed = best === null ? options.maxIterations : samplesFor(best);
  for (let iteration = 1; iteration <= needed; iteration++) {
    drawSample(random, sample, { iteration, count: pairs.count, ranking: options.ranking });
    for (const candidate of kind.fitMinimal(pairs, sample)) {
      const candidateCost = cost(candidate, best?.cost ?? Infinity);
      if (candidateCost >= (best?.cost ?? Infinity)) continue;
      best = {
        ...refine({ kind, pairs, squaredThreshold, cost }, { model: candidate, cost: candidateCost }),
        iterations: iteration,
      };
      needed = samplesFor(best);
    }
  }
  return best;
}

interface Draw {
  readonly iteration: number;
  readonly count: number;
  readonly ranking: Int32Array | undefined;
}

/** Draws from a prefix of the ranking that grows until it includes all pairs. */
function drawSample(random: () => number, sample: Int32Array, { iteration, count, ranking }: Draw): void {
  if (ranking === undefined || iteration > RANKED_SAMPLES) return drawDistinct(random, count, sample);
  const pool = Math.max(sample.length + 1, Math.ceil((count * iteration) / RANKED_SAMPLES));
  drawDistinct(random, Math.min(count, pool), sample);
  for (let k = 0; k < sample.length; k++) sample[k] = ranking[sample[k]];
}

/**
 * Number of samples after which one holds only inliers with the required confidence, within the limits of the options.
 */
export function samplesNeeded(inlierShare: number, sampleSize: number, options: SampleLimits): number {
  const { confidence, minIterations, maxIterations } = options;
  const goodSample = inlierShare ** sampleSize;
  if (goodSample >= 1) return minIterations;
  const needed = Math.ceil(Math.log(1 - confidence) / Math.log1p(-goodSample));
  return Math.min(maxIterations, Math.max(minIterations, needed));
}
