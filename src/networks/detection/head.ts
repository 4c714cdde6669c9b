import type { HeadSpec } from './detector-manifest.js';

/** Size of a network's input in pixels. */
export interface InputSize {
  readonly width: number;
  readonly height: number;
}

/** One output whose rows or columns are boxes with their scores. */
export interface YoloHead {
  readonly family: 'yolov5' | 'yolov8' | 'yolox';
  readonly rows: string;
  /** Whether the output is [1, boxes, numbers] instead of [1, numbers, boxes]. */
  readonly boxesFirst: boolean;
  readonly classes: number;
  readonly coordinates: 'pixels' | 'normalised';
  readonly strides: readonly number[];
}

/** One output with final boxes: [1, n, 6], or [n, 7] with the image index first. */
export interface EndToEndHead {
  readonly family: 'end_to_end';
  readonly rows: string;
  readonly columns: 6 | 7;
  readonly coordinates: 'pixels' | 'normalised';
}

/** Boxes [1, n, 4] and scores [1, n, classes], optionally with anchors [1, n, 4]. */
export interface SsdHead {
  readonly family: 'ssd';
  readonly boxes: string;
  readonly scores: string;
  readonly anchors: string | null;
  readonly encoding: 'corner_offsets' | 'centre_size';
  readonly variances: HeadSpec['variances'];
  readonly boxFormat: 'xyxy' | 'yxyx' | 'cxcywh';
  readonly coordinates: 'pixels' | 'normalised';
  readonly activation: 'probabilities' | 'sigmoid' | 'softmax';
  readonly background: 'first' | 'last' | 'none';
}

/** Final boxes, scores and classes as separate outputs. */
export interface PostProcessedHead {
  readonly family: 'post_processed';
  readonly boxes: string;
  readonly scores: string;
  readonly classes: string;
  readonly count: string | null;
  readonly boxFormat: 'xyxy' | 'yxyx' | 'cxcywh';
  readonly coordinates: 'pixels' | 'normalised';
  readonly firstClass: 0 | 1;
}

/** A fixed number of queries: logits [1, q, classes] and normalised boxes [1, q, 4]. */
export interface DetrHead {
  readonly family: 'detr';
  readonly boxes: string;
  readonly scores: string;
  readonly activation: 'probabilities' | 'sigmoid' | 'softmax';
  readonly background: 'first' | 'last' | 'none';
}

/** Outputs `cls_<s>`, `obj_<s>` and `bbox_<s>` for each stride s. */
export interface YunetHead {
  readonly family: 'yunet';
  readonly strides: readonly number[];
}

/** A fully specified head. */
export type Head = YoloHead | EndToEndHead | SsdHead | PostProcessedHead | DetrHead | YunetHead;
