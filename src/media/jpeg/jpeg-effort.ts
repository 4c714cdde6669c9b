/** Properties of a JPEG that determine its decoding time, besides its size. */
export interface JpegEffort {
  readonly width: number;
  readonly height: number;
  readonly scans: number;
  /** Samples of the components of each scan, summed over all scans. */
  readonly scannedSamples: number;
  readonly segments: number;
}

/** Maximum number of scans. Progressive JPEGs have about 10, those of optimisers up to 30. */
const MAX_SCANS = 100;
/**
 * Maximum number of samples of all scans together, since a decoder processes all samples of each scan,
 * however few bytes it has. Equals 24 scans of one full component of the largest image, twice what usual
 * encoders need for a colour image; decoding takes about 4 s of processor time.
 */
const MAX_SCANNED_SAMPLES = 3 * 2 ** 29;
/** Maximum number of segments. Profiles, depth maps and tables together need some hundreds. */
export const MAX_SEGMENTS = 10_000;

/** Why decoding a JPEG would take too long, as text for an error message; null for normal files. */
export function jpegEffortFault({
  width,
  height,
  scans,
  scannedSamples,
  segments,
}: JpegEffort): string | null {
  if (segments > MAX_SEGMENTS)
    return `a JPEG with more than ${String(MAX_SEGMENTS)} segments, which are not read`;
  if (scans > MAX_SCANS) return `a JPEG with ${String(scans)} scans; at most ${String(MAX_SCANS)} are read`;
  if (scannedSamples <= MAX_SCANNED_SAMPLES) return null;
  const work = `${String(scans)} scans of ${String(width)}x${String(height)} pixels, ${String(scannedSamples)} samples in all`;
  return `a JPEG with ${work}; at most ${String(MAX_SCANNED_SAMPLES)} are read`;
}
