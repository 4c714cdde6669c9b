import type { Texture, TextureLevel } from './texture.js';

/** A texture lookup: position in texels of the finest level, mip level, and shading. */
export interface TextureSample {
  readonly u: number;
  readonly v: number;
  /** Base-2 logarithm of the texels per sample; below 0 the finest level is magnified. */
  readonly level: number;
  readonly shade: number;
}

const scratch = new Float64Array(3);

/** Writes the shaded RGB of one sample, interpolated between texels and between the two nearest mip levels. */
export function sampleTexture(
  texture: Texture,
  sample: TextureSample,
  target: Uint8ClampedArray,
  index: number,
): void {
  const { levels } = texture;
  const level = Math.min(levels.length - 1, Math.max(0, sample.level));
  const fine = Math.floor(level);
  const share = level - fine;
  scratch.fill(0);
  addBilinear(levels[fine], sample, 2 ** -fine, (1 - share) * sample.shade);
  if (share > 0) addBilinear(levels[fine + 1], sample, 2 ** -(fine + 1), share * sample.shade);
  target[index] = scratch[0];
  target[index + 1] = scratch[1];
  target[index + 2] = scratch[2];
}

/** Adds `weight` times the bilinearly interpolated texture; clamped at the border. */
function addBilinear(
  { width, height, rgb }: TextureLevel,
  { u, v }: TextureSample,
  zoom: number,
  weight: number,
): void {
  const x = Math.min(width - 1, Math.max(0, u * zoom - 0.5));
  const y = Math.min(height - 1, Math.max(0, v * zoom - 0.5));
  const column = Math.floor(x);
  const row = Math.floor(y);
  const fx = x - column;
  const fy = y - row;
  const right = column + 1 < width ? 3 : 0;
  const below = row + 1 < height ? 3 * width : 0;
  const corner = (row * width + column) * 3;
  const w00 = (1 - fx) * (1 - fy) * weight;
  const w10 = fx * (1 - fy) * weight;
  const w01 = (1 - fx) * fy * weight;
  const w11 = fx * fy * weight;
  for (let channel = 0; channel < 3; channel++) {
    const i = corner + channel;
    scratch[channel] +=
      rgb[i] * w00 + rgb[i + right] * w10 + rgb[i + below] * w01 + rgb[i + right + below] * w11;
  }
}
