import type { OpenCvFeature2D, OpenCvModule } from './opencv-module.js';

/** An OpenCV detector with two sensitivities: a normal one and one for images with little texture. */
export interface SensitiveDetector {
  readonly feature2d: OpenCvFeature2D;
  /** Bytes of a descriptor row, rounded up to whole 32-bit words. */
  readonly descriptorBytes: number;
  /** With fewer key points than this at normal sensitivity, the image is tried again at the high one. */
  readonly enough: number;
  setSensitive(sensitive: boolean): void;
}

/** Share of the wanted key points below which an image counts as poor in texture. */
const POOR_TEXTURE_SHARE = 0.25;

/**
 * ORB offers this many times the wanted key points, so that the choice for spread has something to choose from; more
 * costs repeatability, as weak corners of empty parts then replace strong ones.
 */
const ORB_SURPLUS = 1.2;

/**
 * Five levels at steps of 1.3 cover a factor of 2.9 in distance with three quarters of the pixels of OpenCV's eight at
 * 1.2, and gave a tenth more right matches on the sample clips. The margin of 15 pixels, half a descriptor patch,
 * instead of 31 keeps the outer part of coarse levels.
 */
const ORB_PYRAMID = { levels: 5, step: 1.3, margin: 15 };

/** FAST thresholds in grey levels: OpenCV's default, and one that still finds corners in fog, dusk and blur. */
const FAST_THRESHOLD = { normal: 20, sensitive: 6 };

/** Smallest Hessian response: OpenCV's default, and one for images with little contrast. */
const AKAZE_THRESHOLD = { normal: 0.001, sensitive: 0.0001 };

/** ORB with 256-bit descriptors. */
export function createOrb(cv: OpenCvModule, maxFeatures: number): SensitiveDetector {
  const orb = new cv.ORB(Math.ceil(maxFeatures * ORB_SURPLUS));
  orb.setNLevels(ORB_PYRAMID.levels);
  orb.setScaleFactor(ORB_PYRAMID.step);
  orb.setEdgeThreshold(ORB_PYRAMID.margin);
  return {
    feature2d: orb,
    descriptorBytes: 32,
    enough: maxFeatures * POOR_TEXTURE_SHARE,
    setSensitive: (sensitive) =>
      orb.setFastThreshold(sensitive ? FAST_THRESHOLD.sensitive : FAST_THRESHOLD.normal),
  };
}

/** AKAZE with 486-bit MLDB descriptors (61 bytes and 3 of padding). */
export function createAkaze(cv: OpenCvModule, maxFeatures: number): SensitiveDetector {
  const akaze = new cv.AKAZE();
  return {
    feature2d: akaze,
    descriptorBytes: 64,
    enough: maxFeatures * POOR_TEXTURE_SHARE,
    setSensitive: (sensitive) =>
      akaze.setThreshold(sensitive ? AKAZE_THRESHOLD.sensitive : AKAZE_THRESHOLD.normal),
  };
}
