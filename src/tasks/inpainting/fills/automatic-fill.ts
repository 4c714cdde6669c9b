import { findHoleParts, maskOf, type HolePart } from '../../../vision/inpainting/hole-parts.js';
import type { Pace } from '../../../networks/inpainting/network-fill.js';
import { MAX_SIDE, patchFill } from './patch-fill.js';
import type { PatchSettings } from '../../../vision/inpainting/patch/settings.js';
import type { Image } from '../../../vision/image/image.js';
import type { Mask } from '../../../vision/image/mask.js';

/**
 * Parts of a hole up to this depth (half their width, in pixels) are thin and filled by the network alone. In strokes
 * about a dozen pixels wide its blur is already visible on grass, clouds and cloth, where patches are not.
 */
const THIN_DEPTH = 3;
/** Parts deeper than this are wide regardless of their length. */
const WIDE_DEPTH = 10;

/** Patch settings by quality. */
const SETTINGS: Readonly<Record<'balanced' | 'high', Partial<PatchSettings>>> = {
  balanced: {},
  high: { coarsestRounds: 18, finestRounds: 6 },
};
/** Without a guide, coarser levels are needed to find the structure. */
const UNGUIDED: Partial<PatchSettings> = { guide: 0, coarsestDepth: 5 };
/** `high` runs with this many seeds and keeps the most consistent result. */
const HIGH_RUNS = 2;

/** Options of {@link completeWithPatches}. */
export interface PatchPlan {
  readonly quality: 'balanced' | 'high';
  readonly guided: boolean;
  readonly seed: number;
}

/** An image with its hole and a smooth fill of it. */
export interface GuidedHole {
  readonly image: Image;
  readonly hole: Mask;
  /** The image with the hole filled by the network (or any other smooth fill). */
  readonly guide: Image;
}

/** A hole split by width: the parts for the network and the parts for patches. */
export interface SplitHole {
  /** `null` when there is no such part. */
  readonly thin: Mask | null;
  readonly wide: Mask | null;
}

/** Splits a hole into its thin and its wide connected parts. */
export function splitByWidth(hole: Mask): SplitHole {
  const parts = findHoleParts(hole);
  const thin = parts.filter((part) => !isWide(part));
  const wide = parts.filter(isWide);
  return {
    thin: thin.length > 0 ? maskOf(thin, hole) : null,
    wide: wide.length > 0 ? maskOf(wide, hole) : null,
  };
}

/**
 * The width is measured at the size at which patches are computed: a long scratch across a large image is reduced
 * before.
 */
function isWide({ box, depth }: HolePart): boolean {
  const reduction = Math.max(1, Math.max(box.width, box.height) / MAX_SIDE);
  return depth > WIDE_DEPTH || depth / reduction > THIN_DEPTH;
}

/** Result of {@link completeWithPatches}. */
export interface CompletedHole {
  readonly image: Image;
  /** Number of parts for which nothing could be copied. */
  readonly uncopied: number;
}

/** Completes a hole with patches at the requested quality. */
export async function completeWithPatches(
  input: GuidedHole,
  { quality, guided, seed }: PatchPlan,
  pace: Pace,
): Promise<CompletedHole> {
  const tries = quality === 'high' ? HIGH_RUNS : 1;
  let best: { image: Image; uncopied: number; meanCost: number } | null = null;
  for (let attempt = 0; attempt < tries; attempt++) {
    const settings = { ...SETTINGS[quality], ...(guided ? {} : UNGUIDED), seed: seed + attempt };
    const result = await patchFill(input, settings, (done) => pace((attempt + done) / tries));
    const meanCost = result.meanCost ?? Infinity;
    if (best === null || meanCost < best.meanCost) best = { ...result, meanCost };
  }
  return { image: best?.image ?? input.guide, uncopied: best?.uncopied ?? 0 };
}
