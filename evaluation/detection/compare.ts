import { z } from 'zod';
import type { Detection } from '../../src/domain/detection.js';

/** Output of `peers/detection.py`: by network and image. */
export const peerAnswer = z.array(
  z.array(
    z.array(
      z.object({
        label: z.string(),
        score: z.number(),
        box: z.tuple([z.number(), z.number(), z.number(), z.number()]),
      }),
    ),
  ),
);

/** See {@link peerAnswer}. */
export type PeerDetection = z.infer<typeof peerAnswer>[number][number][number];

/** Tolerances between two results on the same image. */
export const TOLERANCE = { pixels: 1, score: 1e-3 };

/** Result of comparing the detections of two implementations. */
export interface Comparison {
  /** Number of matching pairs. */
  readonly pairs: number;
  readonly largestPixels: number;
  readonly largestScore: number;
  /** Number of objects found by one side only. */
  readonly alone: number;
}

/**
 * Matches the objects of both sides, best first. Objects whose score is within the tolerance of the threshold may be
 * missing on the other side.
 */
export function compareDetections(
  ours: readonly Detection[],
  theirs: readonly PeerDetection[],
  threshold: number,
): Comparison {
  const open = theirs.map(({ label, score, box: [x, y, width, height] }) => ({
    label,
    score,
    box: { x, y, width, height },
  }));
  let [pairs, largestPixels, largestScore, alone] = [0, 0, 0, 0];
  for (const one of ours) {
    const distances = open.map((other) => (other.label === one.label ? distanceOf(one, other) : Infinity));
    const nearest = distances.indexOf(Math.min(...distances));
    if (distances.length === 0 || distances[nearest] > TOLERANCE.pixels) {
      if (one.score > threshold + TOLERANCE.score) alone += 1;
      continue;
    }
    pairs += 1;
    largestPixels = Math.max(largestPixels, distances[nearest]);
    largestScore = Math.max(largestScore, Math.abs(one.score - open[nearest].score));
    open.splice(nearest, 1);
  }
  alone += open.filter(({ score }) => score > threshold + TOLERANCE.score).length;
  return { pairs, largestPixels, largestScore, alone };
}

/** Largest difference of any edge, pixels. */
const distanceOf = ({ box: a }: Pick<Detection, 'box'>, { box: b }: Pick<Detection, 'box'>): number =>
  Math.max(
    Math.abs(a.x - b.x),
    Math.abs(a.y - b.y),
    Math.abs(a.x + a.width - b.x - b.width),
    Math.abs(a.y + a.height - b.y - b.height),
  );
