/** Parameters of patch completion. */
export interface PatchSettings {
  /** Size of a level as a fraction of the next finer one. */
  readonly step: number;
  /** The coarsest level is the first one whose hole depth, in pixels of the level, is at most this. */
  readonly coarsestDepth: number;
  /** Minimum side of a level, in pixels. */
  readonly shortestSide: number;
  /** Rounds of matching and voting at the coarsest level and at the finest. */
  readonly coarsestRounds: number;
  readonly finestRounds: number;
  /**
   * Weight of the guide at the coarsest level; decreases to 0 when `guideEnd` of the way from the finest to the
   * coarsest level remains. 0 disables the guide.
   */
  readonly guide: number;
  readonly guideEnd: number;
  /** Penalty of a source at a distance of width + height, in squared grey levels per patch pixel. */
  readonly distanceCost: number;
  /**
   * Weight of vertical relative to horizontal distance: what a region looks like depends on its height in the scene.
   */
  readonly verticalWeight: number;
  /** Penalty per copy of a source beyond its fair share, in squared grey levels per patch pixel. */
  readonly repeatCost: number;
  /** Weight of the copied colours relative to the copied gradients in the last step. */
  readonly anchor: number;
  readonly seed: number;
}

/** Defaults: the best balance between detail and structure on held-out photos. */
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

/** Half the side of a patch of 5x5 pixels. */
export const REACH = 2;
/** Side of a patch. */
export const SIDE = 2 * REACH + 1;
/** Number of pixels in a patch. */
export const AREA = SIDE * SIDE;
/** Number of channels that voting averages: red, green, blue and two of texture activity. */
export const VOTED = 5;
/** Number of all channels: adds two of the luminance gradient, recomputed after each vote. */
export const CHANNELS = 7;
/** Weight of texture activity relative to colour in the cost. */
export const TEXTURE_WEIGHT = 1.5;
/** Weight of the central differences of luminance relative to colour in the cost. */
export const GRADIENT_WEIGHT = 0.25;
/**
 * Added to the mean squared difference before it is turned into a weight, so that perfect matches do not get infinite
 * weight.
 */
export const COST_FLOOR = 20;
