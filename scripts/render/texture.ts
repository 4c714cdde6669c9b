/** One mip level of a texture: row-major RGB bytes. */
export interface TextureLevel {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8ClampedArray;
}

/**
 * A texture with mip levels: the renderer reads the level whose texels are about as large as its samples, so that
 * details neither flicker nor break up when the camera moves.
 */
export class Texture {
  readonly levels: readonly TextureLevel[];

  constructor(base: TextureLevel) {
    const levels = [base];
    let last = base;
    while (last.width > 1 && last.height > 1) {
      last = halve(last);
      levels.push(last);
    }
    this.levels = levels;
  }

  get width(): number {
    return this.levels[0].width;
  }

  get height(): number {
    return this.levels[0].height;
  }
}

/** Averages 2x2 texels; an odd last row or column is dropped. */
function halve(level: TextureLevel): TextureLevel {
  const width = level.width >> 1;
  const height = level.height >> 1;
  const rgb = new Uint8ClampedArray(width * height * 3);
  const stride = level.width * 3;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const source = 2 * y * stride + 6 * x;
      const target = (y * width + x) * 3;
      for (let channel = 0; channel < 3; channel++) {
        const i = source + channel;
        const sum = level.rgb[i] + level.rgb[i + 3] + level.rgb[i + stride] + level.rgb[i + stride + 3];
        rgb[target + channel] = sum / 4;
      }
    }
  }
  return { width, height, rgb };
}

/** A lazily painted texture: most clips never see the far walls. */
export type LazyTexture = () => Texture;

/** Paints at the first call; later calls return the same texture. */
export function paintLazily(paint: () => Texture): LazyTexture {
  let painted: Texture | undefined;
  return () => (painted ??= paint());
}
