import type { Candidate } from './candidates.js';

/** How duplicates are recognised. */
export interface SuppressionOptions {
  /** Intersection over union above which the box with the lower score is a duplicate, 0 to 1. */
  readonly iou: number;
  /** Whether boxes with different labels can be duplicates. */
  readonly agnostic: boolean;
  /** Maximum number of boxes that are kept. */
  readonly most: number;
}

/**
 * Greedy non-maximum suppression: keeps the best box, drops those that overlap it, and repeats with the rest.
 * Like in torchvision's `batched_nms`, a box is dropped when its IoU with a kept one is strictly larger than
 * the limit.
 * @param candidates in descending order of score
 */
export function suppressDuplicates(
  candidates: readonly Candidate[],
  { iou, agnostic, most }: SuppressionOptions,
): Candidate[] {
  const kept: Candidate[] = [];
  for (const candidate of candidates) {
    if (kept.length >= most) break;
    const duplicate = kept.some(
      (other) =>
        (agnostic || other.label === candidate.label) && intersectionOverUnion(other, candidate) > iou,
    );
    if (!duplicate) kept.push(candidate);
  }
  return kept;
}

/** Area of the intersection of two boxes divided by that of their union; 0 if both have no area. */
export function intersectionOverUnion(a: Candidate, b: Candidate): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (areaOf(a) + areaOf(b) - shared);
}

const areaOf = ({ left, top, right, bottom }: Candidate): number => (right - left) * (bottom - top);
