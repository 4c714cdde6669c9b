/** What can be tuned about patch completion. */
export interface PatchSettings {
  /** Size of a level over the next finer one. */
  readonly step: number;
  /** The coarsest level is the first at which the hole is at most this deep, in its pixels. */
  readonly coarsestDepth: number;
  /** No level gets a side shorter than this. */
  readonly shortestSide: number;
  /** Rounds of matching and voting at the coarsest level and at the finest. */
  readonly coarsestRounds: number;
  readonly finestRounds: number;
  /** Share of the guide that is mixed in at the coarsest level; falls to 0 at `guideEnd` of the way to it. 0 = unguided. */
  readonly guide: number;
  readonly guideEnd: number;
  /** Cost of a source as far away as width + height, in squared grey levels a patch pixel. */
  readonly distanceCost: number;
  /** How many times a pixel up or down counts as much as one to the side: what a place looks like depends on its height. */
  readonly verticalWeight: number;
  /** Cost of each time that a source is copied already beyond its fair share, in squared grey levels a patch pixel. */
  readonly repeatCost: number;
  /** Pull of the copied colours against the copied gradients in the last step. */
  readonly anchor: number;
  readonly seed: number;
}

/** Settings that gave the best balance of features and structure on held-out photos. */
export const DEFAULT_PATCH_SETTINGS: PatchSettings = {
  step: 0.65,
  coarsestDepth: 8,
  shortestSide: 20,
  coarsestRounds: 14,
  finestRounds: 3,
  guide: 0.7,
  guideEnd: 0.25,
  distanceCost: 1200,
  verticalWeight: 2,
  repeatCost: 15,
  anchor: 0.01,
  seed: 1,
};

/** Half side of a patch: 5x5 pixels. */
export const REACH = 2;
/** Side of a patch. */
export const SIDE = 2 * REACH + 1;
/** Pixels of a patch. */
export const AREA = SIDE * SIDE;
/** Channels that votes average: red, green, blue, two of texture activity. */
export const VOTED = 5;
/** All channels: two of the luminance's gradient are added, computed again after each vote. */
export const CHANNELS = 7;
/** Weight of texture activity against colour in the cost. */
export const TEXTURE_WEIGHT = 1.5;
/** Weight of the central differences of luminance against colour in the cost. */
export const GRADIENT_WEIGHT = 0.25;
/** Added to the mean squared difference where confidence is made of it, so that perfect matches do not weigh endlessly. */
export const COST_FLOOR = 20;
