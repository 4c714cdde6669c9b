/** Blur of an octave's first level in its pixels, and levels in an octave. */
const FIRST_SIGMA = 1.6;
export const LEVELS_PER_OCTAVE = 4;
const OCTAVES = 4;

/** Octaves whose shorter side falls below this hold no whole descriptor. */
const SMALLEST_SIDE = 40;

/** Derivatives reach this many blurs far. */
const DERIVATIVE_FACTOR = 1.5;

/** Largest stable time of one explicit step of diffusion with four neighbours. */
const STABLE_TIME = 0.25;

/** Blur of level `level` of any octave, in the octave's pixels. */
export const levelSigma = (level: number): number => FIRST_SIGMA * 2 ** (level / LEVELS_PER_OCTAVE);

/** How many pixels apart the derivatives of a level are taken, and its descriptor's samples. */
export const levelReach = (level: number): number => Math.round(DERIVATIVE_FACTOR * levelSigma(level));

/** Size of one octave. */
export interface OctaveSize {
  readonly width: number;
  readonly height: number;
}

/** Sizes of all octaves of an image; the first is the image's. */
export function planOctaves({ width, height }: OctaveSize): readonly OctaveSize[] {
  const sizes = Array.from({ length: OCTAVES }, (_, octave) => ({
    width: width >> octave,
    height: height >> octave,
  }));
  return sizes.filter((size, octave) => octave === 0 || Math.min(size.width, size.height) >= SMALLEST_SIDE);
}

/** Time of diffusion that blurs as much as a Gaussian of `sigma`. */
const timeOf = (sigma: number): number => sigma ** 2 / 2;

/**
 * Steps of diffusion from the level before to `level`, in pixels of the level's octave. Fast explicit diffusion
 * (Grewenig, Weickert, Bruhn 2010): n steps of unequal length, some beyond what is stable alone, go as far as n^2 / 3
 * stable ones.
 */
export function diffusionSteps(level: number): readonly number[] {
  // The first level of an octave comes from the last of the one before, at half the pixels a side.
  const time = timeOf(levelSigma(level)) - timeOf(levelSigma(level - 1));
  const count = Math.ceil(Math.sqrt((3 * time) / STABLE_TIME + 0.25) - 0.5);
  const full = (STABLE_TIME * count * (count + 1)) / 3;
  return Array.from({ length: count }, (_, k) => {
    const cosine = Math.cos((Math.PI * (2 * k + 1)) / (4 * count + 2));
    return ((time / full) * STABLE_TIME) / (2 * cosine ** 2);
  });
}

/** Weights of a Gaussian from the middle one on, `radius` further ones to either side; together they make 1. */
export function gaussianWeights(sigma: number, radius: number): Float32Array {
  const weights = Float32Array.from({ length: radius + 1 }, (_, k) => Math.exp(-(k ** 2) / (2 * sigma ** 2)));
  const sum = weights.reduce((total, weight, k) => total + (k === 0 ? weight : 2 * weight), 0);
  return weights.map((weight) => weight / sum);
}
