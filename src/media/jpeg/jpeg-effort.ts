/** What decides how long a JPEG takes to decode, beside its size. */
export interface JpegEffort {
  readonly width: number;
  readonly height: number;
  readonly scans: number;
  readonly segments: number;
}

/** Scans of a JPEG. Progressive ones have about 10, those of optimisers up to 30. */
export const MOST_SCANS = 100;
/**
 * Scans times pixels: a decoder walks over the whole picture once for each scan, however few bytes it has. 32 scans of the
 * largest picture, which take some 10 s of a core.
 */
export const MOST_SCANNED_PIXELS = 2 ** 31;
/** Segments of a JPEG. Profiles, depth maps and tables together have some hundreds. */
export const MOST_SEGMENTS = 10_000;

/** Why a JPEG would take too long to decode, as what the file holds; null for all usual ones. */
export function jpegEffortFault({ width, height, scans, segments }: JpegEffort): string | null {
  if (segments > MOST_SEGMENTS)
    return `a JPEG with more than ${String(MOST_SEGMENTS)} segments, which are not read`;
  if (scans > MOST_SCANS) return `a JPEG with ${String(scans)} scans; at most ${String(MOST_SCANS)} are read`;
  const scanned = scans * width * height;
  if (scanned <= MOST_SCANNED_PIXELS) return null;
  const work = `${String(scans)} scans of ${String(width)}x${String(height)} pixels, ${String(scanned)} in all`;
  return `a JPEG with ${work}; at most ${String(MOST_SCANNED_PIXELS)} are read`;
}
