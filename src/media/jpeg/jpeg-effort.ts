/** What determines the decoding time of a JPEG, besides its size. */
export interface JpegEffort {
  readonly width: number;
  readonly height: number;
  readonly scans: number;
  /** Samples of the channels of each scan, summed over all scans. */
  readonly scannedSamples: number;
  readonly segments: number;
}

/** Scans of a JPEG. Progressive ones have about 10, those of optimisers up to 30. */
const MOST_SCANS = 100;
/**
 * Samples of all scans together: a decoder walks over the channels of each scan, however few bytes it has. 24 scans of a
 * whole channel of the largest image, twice what usual encoders need for one in colour; they take some 4 s of a core.
 */
const MOST_SCANNED_SAMPLES = 3 * 2 ** 29;
/** Segments of a JPEG. Profiles, depth maps and tables together have some hundreds. */
export const MOST_SEGMENTS = 10_000;

/** Why a JPEG would take too long to decode, as what the file holds; null for all usual ones. */
export function jpegEffortFault({
  width,
  height,
  scans,
  scannedSamples,
  segments,
}: JpegEffort): string | null {
  if (segments > MOST_SEGMENTS)
    return `a JPEG with more than ${String(MOST_SEGMENTS)} segments, which are not read`;
  if (scans > MOST_SCANS) return `a JPEG with ${String(scans)} scans; at most ${String(MOST_SCANS)} are read`;
  if (scannedSamples <= MOST_SCANNED_SAMPLES) return null;
  const work = `${String(scans)} scans of ${String(width)}x${String(height)} pixels, ${String(scannedSamples)} samples in all`;
  return `a JPEG with ${work}; at most ${String(MOST_SCANNED_SAMPLES)} are read`;
}
