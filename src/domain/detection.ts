/** Most objects in the response for one image. */
export const MAX_DETECTIONS = 1000;

/**
 * A rectangle in pixels of the image, from its top left corner. Not the `Box` of `vision/image`, which cuts whole pixels:
 * a box is as exact as its network, and the fields are those of the API's answers.
 */
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

/** Which objects a caller requests; the manifest's values unless given. */
export interface DetectOptions {
  /** Lowest score, 0 to 1. */
  readonly threshold?: number;
  /** 1 to {@link MAX_DETECTIONS}. */
  readonly maxDetections?: number;
  /** Only these labels. */
  readonly labels?: readonly string[];
}
