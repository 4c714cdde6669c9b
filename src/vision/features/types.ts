import type { Image } from '../image/image.js';

/** Detectors implemented as WebAssembly kernels, without a network. */
export const KERNEL_DETECTORS = ['SIFT', 'ORB', 'AKAZE'] as const;
export type KernelDetectorName = (typeof KERNEL_DETECTORS)[number];

/** Bit strings compared by Hamming distance: `n` rows of `bytes` bytes; rows may end in zero padding. */
export interface BinaryDescriptors {
  readonly kind: 'binary';
  readonly bytes: number;
  readonly data: Uint8Array;
}

/** Real vectors compared by Euclidean distance: `n` rows of `width` values. */
export interface FloatDescriptors {
  readonly kind: 'float';
  readonly width: number;
  readonly data: Float32Array;
}

/** Descriptors of either kind. */
export type Descriptors = BinaryDescriptors | FloatDescriptors;

/** What an image shows around its key points, at their scales: `n` rows of `bytes` grey levels in a layout of the detector's. */
export interface Patches {
  readonly bytes: number;
  readonly data: Uint8Array;
}

/** Key points and descriptors of one image; row `i` of every array belongs to key point `i`. */
export interface Features {
  readonly count: number;
  /** `[count, 2]`: x to the right, y down, pixels; the centre of the top left pixel is (0, 0). */
  readonly points: Float32Array;
  /** `[count]`: detector response, larger is better; comparable within one image only. */
  readonly scores: Float32Array;
  /** `[count]`: diameter of the described neighbourhood, pixels. */
  readonly sizes: Float32Array;
  /** `[count]`: orientation in degrees, 0..360, clockwise in the image; -1 where it has none. */
  readonly angles: Float32Array;
  readonly descriptors: Descriptors;
  /** `[count, 2]`: where the image shows the points, if `points` are without the distortion of its lens. */
  readonly seen?: Float32Array;
  /** Of a goal, if its detector can find patches in frames. */
  readonly patches?: Patches;
  /** Whether the image was so poor in texture that weak contrasts were needed: what its clip's frames are searched for then. */
  readonly sensitive?: boolean;
}

/** Detects and describes key points. Calls may overlap; each resolves with the result of its own image. */
export interface Detector {
  readonly name: string;
  /** @param image grey; the caller may reuse its bytes as soon as this returns the promise */
  detect(image: Image): Promise<Features>;
  /** Stops the detector's threads and rejects pending calls. Idempotent. */
  close(): Promise<void>;
}

/** Pairs of rows of two feature sets; entry `k` of every array belongs to pair `k`, ordered by `goalIndex`. */
export interface Matches {
  readonly count: number;
  readonly goalIndex: Int32Array;
  readonly currentIndex: Int32Array;
  /** Hamming distance (bits) or Euclidean distance of the descriptors. */
  readonly distances: Float32Array;
}

/** The two-view model that the matches of a frame agree on; `none` when no model is significant. */
export type GeometryModel = 'fundamental' | 'homography' | 'none';
