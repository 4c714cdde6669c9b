/** A rectangle in pixels of the image, from its top left corner; fractions are allowed. */
export interface DetectionBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One object that was found. */
export interface Detection {
  readonly label: string;
  readonly labelIndex: number;
  /** 0 to 1. */
  readonly score: number;
  /** Lies inside the image. */
  readonly box: DetectionBox;
}

/** What a caller wants to see; the manifest's values unless given. */
export interface DetectOptions {
  /** Least score, 0 to 1. */
  readonly threshold?: number;
  /** 1 to `MAX_DETECTIONS`. */
  readonly maxDetections?: number;
  /** Only these labels. */
  readonly labels?: readonly string[];
}

/** Boxes that go into the suppression of duplicates at most, best first: its cost grows with their square. */
export const MAX_CANDIDATES = 4096;
/** Boxes that a graph may give for one image; the largest public networks give some 100 000. */
export const MAX_ROWS = 1_000_000;
/** Classes that a network may tell apart. */
export const MAX_CLASSES = 10_000;
