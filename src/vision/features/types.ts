import type { Image } from '../image/image.js';

/** Detectors that are WebAssembly kernels and need no network. */
export const KERNEL_DETECTORS = ['ORB', 'AKAZE'] as const;
export type KernelDetectorName = (typeof KERNEL_DETECTORS)[number];

/** Names that the API knows; the registry may carry more (learned detectors register by their manifest's name). */
export type DetectorName = 'SIFT' | KernelDetectorName;

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

/** Key points of one image and what describes them; row `i` of every array belongs to key point `i`. */
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
}

/** Finds and describes key points. Several calls may be under way at once; each resolves with its own image's result. */
export interface Detector {
  readonly name: string;
  /** @param image grey; its bytes may be reused by the caller as soon as this returns its promise */
  detect(image: Image): Promise<Features>;
  /** Ends the threads behind the detector; open calls are rejected. Safe to call twice. */
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

/** The relation of two views that the matches of a frame agree on; `none` where nothing but accidents agrees. */
export type GeometryModel = 'fundamental' | 'homography' | 'none';
