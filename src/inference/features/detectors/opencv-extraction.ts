import { takeRows } from '../feature-rows.js';
import { selectSpread } from '../spatial-selection.js';
import type { BinaryDescriptors, Features, GrayImage } from '../types.js';
import type { OpenCvKeyPoints, OpenCvMat, OpenCvModule } from './opencv-module.js';
import { withOpenCvScope } from './opencv-scope.js';
import { createAkaze, createOrb, type SensitiveDetector } from './opencv-tuning.js';

/** Detectors that OpenCV.js runs. */
export type OpenCvDetectorName = 'ORB' | 'AKAZE';

/** How an extractor works. */
export interface OpenCvExtraction {
  readonly name: OpenCvDetectorName;
  /** Most key points kept per image. */
  readonly maxFeatures: number;
}

/** Detects and describes one image in this thread. */
export type OpenCvExtractor = (image: GrayImage) => Features;

/** Below this neither detector can place a single descriptor, and OpenCV's pyramids fail on sizes of zero. */
const SMALLEST_SIDE = 32;

/** Makes an extractor that lives as long as its thread. Between images it keeps nothing but OpenCV's detector. */
export function createOpenCvExtractor(cv: OpenCvModule, extraction: OpenCvExtraction): OpenCvExtractor {
  const { name, maxFeatures } = extraction;
  const detector = name === 'ORB' ? createOrb(cv, maxFeatures) : createAkaze(cv, maxFeatures);
  return (image) => {
    const { width, height } = image;
    if (Math.min(width, height) < SMALLEST_SIDE) return noFeatures(detector.descriptorBytes);
    const found = detectWithRetry(cv, detector, image);
    const rows = selectSpread({
      points: found.points,
      scores: found.scores,
      width,
      height,
      limit: maxFeatures,
    });
    return takeRows(found, rows);
  };
}

/** Every image starts at the normal threshold, so that its result does not depend on the images before it. */
function detectWithRetry(cv: OpenCvModule, detector: SensitiveDetector, image: GrayImage): Features {
  return withOpenCvScope((scope) => {
    const mat = scope.own(new cv.Mat(image.height, image.width, cv.CV_8UC1));
    mat.data.set(image.data);
    const mask = scope.own(new cv.Mat());
    const attempt = (sensitive: boolean): Features => {
      detector.setSensitive(sensitive);
      const keyPoints = scope.own(new cv.KeyPointVector());
      const descriptors = scope.own(new cv.Mat());
      detector.feature2d.detectAndCompute(mat, mask, keyPoints, descriptors);
      return readFeatures(keyPoints, descriptors, detector.descriptorBytes);
    };
    const normal = attempt(false);
    return normal.count >= detector.enough ? normal : attempt(true);
  });
}

function readFeatures(keyPoints: OpenCvKeyPoints, descriptors: OpenCvMat, bytes: number): Features {
  const count = keyPoints.size();
  const features = noFeatures(bytes, count);
  for (let i = 0; i < count; i++) {
    const { pt, response, size, angle } = keyPoints.get(i);
    features.points[2 * i] = pt.x;
    features.points[2 * i + 1] = pt.y;
    features.scores[i] = response;
    features.sizes[i] = size;
    features.angles[i] = angle;
  }
  copyRows(descriptors, features.descriptors);
  return features;
}

/** Copies descriptor rows out of the heap, padding each with zeros to whole 32-bit words for the matcher. */
function copyRows(source: OpenCvMat, target: BinaryDescriptors): void {
  const { rows, cols } = source;
  if (rows === 0) return;
  const bytes = source.data;
  for (let i = 0; i < rows; i++) target.data.set(bytes.subarray(i * cols, (i + 1) * cols), i * target.bytes);
}

function noFeatures(bytes: number, count = 0): Features & { readonly descriptors: BinaryDescriptors } {
  return {
    count,
    points: new Float32Array(2 * count),
    scores: new Float32Array(count),
    sizes: new Float32Array(count),
    angles: new Float32Array(count),
    descriptors: { kind: 'binary', bytes, data: new Uint8Array(count * bytes) },
  };
}
