/** Limits on the size of a picture from a user. */
export interface PictureSizeLimits {
  /** Width times height. */
  readonly maxPixels: number;
  /** Longest side in pixels: a picture of 1 x 1 000 000 passes every limit on pixels. */
  readonly maxSide: number;
}

/** Longest side of a picture, on all routes and in all jobs. */
export const MAX_PICTURE_SIDE = 16_384;

/** What is wrong with a picture's size, for all routes and jobs; null where nothing is. */
export function pictureSizeFault(
  { width, height }: { readonly width: number; readonly height: number },
  { maxPixels, maxSide }: PictureSizeLimits,
): { readonly message: string; readonly details: Readonly<Record<string, number>> } | null {
  if (width * height <= maxPixels && Math.max(width, height) <= maxSide) return null;
  const limits = `at most ${String(maxPixels)} pixels and ${String(maxSide)} on a side are allowed`;
  return {
    message: `The picture has ${String(width)}x${String(height)} pixels; ${limits}.`,
    details: { width, height, maxPixels, maxSide },
  };
}
