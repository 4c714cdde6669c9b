/** Limits on the size of an image from a user. */
export interface ImageSizeLimits {
  /** Width times height. */
  readonly maxPixels: number;
  /** Maximum side in pixels: an image of 1 x 1 000 000 passes every limit on pixels. */
  readonly maxSide: number;
}

/** Maximum side of an image, on all routes and in all jobs. */
export const MAX_IMAGE_SIDE = 16_384;

/**
 * The error message for an image that is too large, on all routes and in all jobs; null when its size is
 * allowed.
 */
export function imageSizeFault(
  { width, height }: { readonly width: number; readonly height: number },
  { maxPixels, maxSide }: ImageSizeLimits,
): { readonly message: string; readonly details: Readonly<Record<string, number>> } | null {
  if (width * height <= maxPixels && Math.max(width, height) <= maxSide) return null;
  const limits = `at most ${String(maxPixels)} pixels and ${String(maxSide)} on a side are allowed`;
  return {
    message: `The image has ${String(width)}x${String(height)} pixels; ${limits}.`,
    details: { width, height, maxPixels, maxSide },
  };
}
