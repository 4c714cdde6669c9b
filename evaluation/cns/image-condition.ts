const { ceil, exp, max, min } = Math;

/** Degradation of an image. */
export interface ImageCondition {
  /** Brightness factor. */
  readonly gain: number;
  /** Gamma exponent; 1 for none. */
  readonly gamma: number;
  /** Share of brightness lost from the left edge to the right. */
  readonly slope: number;
  /** Sigma of a Gaussian blur in pixels; 0 for none. */
  readonly blur: number;
  /** Standard deviation of the sensor noise in grey levels of 255. */
  readonly noise: number;
}

/** Good light, a sharp lens, and the noise of a small camera. */
export const CLEAN_IMAGE: ImageCondition = { gain: 1, gamma: 1, slope: 0, blur: 0, noise: 1.3 };

/** Applies blur and brightness of a condition to RGB intensities of 0 to 255, in place; the sensor adds the noise. */
export function spoil(
  rgb: Float32Array,
  { width, height }: { readonly width: number; readonly height: number },
  condition: ImageCondition,
): void {
  if (condition.blur > 0) blur(rgb, { width, height }, condition.blur);
  const { gain, gamma, slope } = condition;
  if (gain === 1 && gamma === 1 && slope === 0) return;
  for (let i = 0; i < rgb.length; i++) {
    const across = ((i / 3) | 0) % width;
    const light = gain * (1 - (slope * across) / width);
    rgb[i] = 255 * (rgb[i] / 255) ** gamma * light;
  }
}

function blur(rgb: Float32Array, size: { width: number; height: number }, deviation: number): void {
  const kernel = gaussian(deviation);
  const once = new Float32Array(rgb.length);
  convolve(rgb, once, { ...size, kernel, step: [1, 0] });
  convolve(once, rgb, { ...size, kernel, step: [0, 1] });
}

function gaussian(deviation: number): number[] {
  const reach = ceil(3 * deviation);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, k) =>
    exp(-((k - reach) ** 2) / (2 * deviation ** 2)),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

interface Convolution {
  readonly width: number;
  readonly height: number;
  readonly kernel: readonly number[];
  /** Direction of the kernel in pixels. */
  readonly step: readonly [number, number];
}

function convolve(from: Float32Array, to: Float32Array, { width, height, kernel, step }: Convolution): void {
  const reach = (kernel.length - 1) / 2;
  to.fill(0);
  for (let k = 0; k < kernel.length; k++) {
    const weight = kernel[k];
    for (let y = 0; y < height; y++) {
      const sourceY = min(height - 1, max(0, y + step[1] * (k - reach)));
      for (let x = 0; x < width; x++) {
        const sourceX = min(width - 1, max(0, x + step[0] * (k - reach)));
        const [target, source] = [3 * (y * width + x), 3 * (sourceY * width + sourceX)];
        to[target] += weight * from[source];
        to[target + 1] += weight * from[source + 1];
        to[target + 2] += weight * from[source + 2];
      }
    }
  }
}
