/** Maximum objects in the response for one image. */
export const MAX_DETECTIONS = 1000;

/**
 * A rectangle in pixels, relative to the top left corner of the image. Unlike `Box` of `vision/image`, which holds
 * whole pixels, coordinates are fractional, and the fields are those of the API.
 */
export interface DetectionBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One detected object. */
export interface Detection {
  readonly label: string;
  readonly labelIndex: number;
  /** 0 to 1. */
  readonly score: number;
  /** Inside the image. */
  readonly box: DetectionBox;
}

/** Detection options; default: the values of the manifest. */
export interface DetectOptions {
  /** Lowest score, 0 to 1. */
  readonly threshold?: number;
  /** 1 to {@link MAX_DETECTIONS}. */
  readonly maxDetections?: number;
  /** Only these labels. */
  readonly labels?: readonly string[];
}

/** Maximum number of labels in an error message. */
const MAX_LISTED_LABELS = 20;

/** Labels for an error message, which names only the first of many. */
export const listLabels = (labels: readonly string[]): string =>
  labels.slice(0, MAX_LISTED_LABELS).join(', ') + (labels.length > MAX_LISTED_LABELS ? ', …' : '');
