/** Sigma of an octave's first level, in pixels of the octave. */
const FIRST_SIGMA = 1.6;
export const LEVELS_PER_OCTAVE = 4;
const OCTAVES = 4;

/** Octaves whose shorter side is below this cannot hold a whole descriptor. */
const MIN_SIDE = 40;

/** Step of the derivative filters, as a multiple of the level's sigma. */
const DERIVATIVE_FACTOR = 1.5;

/** Largest stable time step of explicit diffusion on a 4-neighbourhood. */
const STABLE_TIME = 0.25;

/** Sigma of level `level` of any octave, in the octave's pixels. */
export const levelSigma = (level: number): number => FIRST_SIGMA * 2 ** (level / LEVELS_PER_OCTAVE);

/** Step, in pixels of the octave, of a level's derivatives and of its descriptor samples. */
export const levelReach = (level: number): number => Math.round(DERIVATIVE_FACTOR * levelSigma(level));

/** Size of one octave. */
export interface OctaveSize {
  readonly width: number;
  readonly height: number;
}

/** Sizes of all octaves of an image; the first one is the image size. */
export function planOctaves({ width, height }: OctaveSize): readonly OctaveSize[] {
  const sizes = Array.from({ length: OCTAVES }, (_, octave) => ({
    width: width >> octave,
    height: height >> octave,
  }));
  return sizes.filter((size, octave) => octave === 0 || Math.min(size.width, size.height) >= MIN_SIDE);
}

/** Diffusion time equivalent to a Gaussian blur of `sigma`. */
const timeOf = (sigma: number): number => sigma ** 2 / 2;

/**
 * Diffusion time steps from the previous level to `level`, in pixels of the level's octave. Fast explicit diffusion
 * (Grewenig, Weickert, Bruhn 2010): n steps of unequal length, some of them beyond the stability limit on their own,
 * cover as much time as n^2 / 3 stable steps.
 */
export function diffusionSteps(level: number): readonly number[] {
  // The first level of an octave continues from the last level of the previous octave, downsampled by two.
  const time = timeOf(levelSigma(level)) - timeOf(levelSigma(level - 1));
  const count = Math.ceil(Math.sqrt((3 * time) / STABLE_TIME + 0.25) - 0.5);
  const full = (STABLE_TIME * count * (count + 1)) / 3;
  return Array.from({ length: count }, (_, k) => {
    const cosine = Math.cos((Math.PI * (2 * k + 1)) / (4 * count + 2));
    return ((time / full) * STABLE_TIME) / (2 * cosine ** 2);
  });
}

/** One-sided Gaussian weights: the centre and `radius` further ones. The full symmetric kernel sums to 1. */
export function gaussianWeights(sigma: number, radius: number): Float32Array {
  const weights = Float32Array.from({ length: radius + 1 }, (_, k) => Math.exp(-(k ** 2) / (2 * sigma ** 2)));
  const sum = weights.reduce((total, weight, k) => total + (k === 0 ? weight : 2 * weight), 0);
  return weights.map((weight) => weight / sum);
}
