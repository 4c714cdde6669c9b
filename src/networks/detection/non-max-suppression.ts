import type { Candidate } from './candidates.js';

/** How duplicates are recognised. */
export interface SuppressionOptions {
  /** Intersection over union above which the weaker of two boxes is a duplicate, 0 to 1. */
  readonly iou: number;
  /** Whether boxes of different labels count as duplicates too. */
  readonly agnostic: boolean;
  /** Boxes that are kept at most. */
  readonly most: number;
}

/**
 * Greedy non-maximum suppression: the best box is kept and those that overlap it are dropped, and so on.
 * The same rule as torchvision's `batched_nms`: a box is dropped when its IoU with a kept one is strictly larger.
 *
 * @param candidates best first
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

/** Area that two boxes share over the area that either covers; 0 where neither has an area. */
export function intersectionOverUnion(a: Candidate, b: Candidate): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (areaOf(a) + areaOf(b) - shared);
}

const areaOf = ({ left, top, right, bottom }: Candidate): number => (right - left) * (bottom - top);
