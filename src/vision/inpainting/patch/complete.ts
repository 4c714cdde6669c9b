import type { FloatImage } from '../../image/image.js';
import { CompletionLevel } from './completion-level.js';
import { FastRandom } from './fast-random.js';
import { startFromCoarser, startFromGuide, type CoarserField } from './first-guess.js';
import { PatchMatch } from './patch-match.js';
import { CompletionPyramid, type CompletionInput } from './pyramid.js';
import { blendShifts } from './screened-poisson.js';
import { AREA, DEFAULT_PATCH_SETTINGS, type PatchSettings } from './settings.js';
import { bestShifts } from './shift-map.js';
import { Voting } from './voting.js';

/** Levels with fewer sources than this are skipped. */
const MIN_SOURCES = 30;
const FIRST_PASSES = 3;
const FIRST_SHARPNESS = 2;
/**
 * Initial radius of the random search as a share of the long side, at the middle levels and at the finest; the coarsest
 * level searches the whole image.
 */
const MIDDLE_WINDOW = 0.25;
const FINEST_WINDOW = 0.1;
const MIN_WINDOW = 24;

/** Options of {@link completePatches}. */
export interface CompletionRun {
  readonly settings?: Partial<PatchSettings>;
  /** Called between rounds with the completed share, 0 to 1; may await other work, and may throw to cancel. */
  readonly pace?: (done: number) => Promise<void>;
}

/** A completed image. */
export interface Completion {
  /** RGB, 0..255, unrounded; known pixels are unchanged. */
  readonly image: FloatImage;
  /** Offset from each hole pixel to its source, in pixel indices, in reading order of the hole. */
  readonly shifts: Int32Array;
  /**
   * Mean squared difference per patch pixel of the final field, in squared grey levels; low values mean a consistent
   * fill.
   */
  readonly meanCost: number;
}

/**
 * Fills a hole with patches of the known part, from coarse to fine: each level runs rounds of PatchMatch and voting
 * (after Wexler, Shechtman and Irani 2007), and the coarse levels are pulled towards a guide image. At full size each
 * pixel is copied from one patch, and seams are hidden by a screened Poisson equation. Deterministic for a given input
 * and seed.
 *
 * Returns `null` when no patch of the image is fully known, so that there is nothing to copy from.
 */
export async function completePatches(
  input: CompletionInput,
  run: CompletionRun = {},
): Promise<Completion | null> {
  const settings = { ...DEFAULT_PATCH_SETTINGS, ...run.settings };
  const pyramid = new CompletionPyramid(input, settings);
  const random = new FastRandom(settings.seed);
  const workOf = (index: number): number =>
    pyramid.sizes[index].width * pyramid.sizes[index].height * rounds(index);
  const coarsest = pyramid.sizes.length - 1;
  const rounds = (index: number): number =>
    Math.round(
      settings.finestRounds + (settings.coarsestRounds - settings.finestRounds) * fractionOf(index, coarsest),
    );
  const total = pyramid.sizes.reduce((sum, _size, index) => sum + workOf(index), 0);
  let before = 0;
  let coarser: CoarserField | null = null;
  for (let index = coarsest; index >= 0; index--) {
    const level = new CompletionLevel(pyramid.level(index));
    const tooFew = level.sources.length < (index > 0 ? MIN_SOURCES : 1);
    if (!tooFew && level.targets.length > 0) {
      const share = workOf(index) / total;
      const start = before;
      await solveLevel(level, {
        coarser,
        settings,
        random,
        rounds: rounds(index),
        fraction: fractionOf(index, coarsest),
        finest: index === 0,
        pace: async (done) => run.pace?.(start + share * done),
      });
      coarser = level;
      if (index === 0) return finish(level, settings);
    }
    before += workOf(index) / total;
  }
  return null;
}

const fractionOf = (index: number, coarsest: number): number => (coarsest > 0 ? index / coarsest : 0);

interface LevelRun {
  readonly coarser: CoarserField | null;
  readonly settings: PatchSettings;
  readonly random: FastRandom;
  readonly rounds: number;
  /** 1 at the coarsest level, 0 at the finest. */
  readonly fraction: number;
  readonly finest: boolean;
  readonly pace: (done: number) => Promise<void>;
}

async function solveLevel(level: CompletionLevel, run: LevelRun): Promise<void> {
  const { settings, random, rounds, fraction, coarser } = run;
  const voting = new Voting(level);
  const guide = settings.guide * Math.max(0, (fraction - settings.guideEnd) / (1 - settings.guideEnd));
  if (coarser === null) {
    startFromGuide(level, random);
  } else {
    startFromCoarser(level, coarser, random);
    voting.vote(0, guide);
  }
  const search = new PatchMatch(level, {
    random,
    window: searchWindow(level, run),
    settings,
  });
  for (let round = 0; round < rounds; round++) {
    await run.pace(round / rounds);
    search.measure();
    for (let pass = 0; pass < (round === 0 ? FIRST_PASSES : 1); pass++) search.improve();
    const sharpness = FIRST_SHARPNESS + 2 * (round / rounds) * (1 - fraction);
    voting.vote(sharpness, round < rounds - 1 ? guide * (1 - round / rounds) : 0);
  }
  search.measure();
}

function searchWindow({ width, height }: CompletionLevel, { coarser, finest }: LevelRun): number {
  const longSide = Math.max(width, height);
  if (coarser === null) return longSide;
  return Math.max(MIN_WINDOW, Math.round(longSide * (finest ? FINEST_WINDOW : MIDDLE_WINDOW)));
}

function finish(level: CompletionLevel, settings: PatchSettings): Completion {
  const { width, height, targets, cost } = level;
  const shifts = bestShifts(level);
  const data = blendShifts(level, shifts, settings.anchor);
  const sum = targets.reduce((total, target) => total + cost[target], 0);
  return { image: { width, height, data }, shifts, meanCost: sum / targets.length / AREA };
}
