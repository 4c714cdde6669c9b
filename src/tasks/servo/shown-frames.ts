import type { RecordedFrame } from '../../domain/servo-recording.js';
import type { FrameMatches } from '../../servoing/frame-record.js';
import type { Size } from '../../vision/image/image.js';
import { MAX_PREVIEW_FRAMES } from '../cns/report/preview/preview-plan.js';

/** Share of the frames that must have an image for a preview to show every n-th frame. */
const ENOUGH = 0.9;

/** Every `stride`-th frame. */
export interface ShownFrames {
  readonly stride: number;
  /** Positions of those that have an image. */
  readonly positions: readonly number[];
}

/**
 * Frames for the preview, evenly spread. Images are recorded of every n-th frame, where n is a power of two that grows
 * with the session, so the stride is one as well.
 */
export function framesToShow(frames: readonly RecordedFrame[]): ShownFrames {
  let stride = 1;
  while (Math.ceil(frames.length / stride) > MAX_PREVIEW_FRAMES) stride *= 2;
  let most = every(frames, stride);
  for (; stride <= frames.length; stride *= 2) {
    const shown = every(frames, stride);
    if (shown.positions.length >= ENOUGH * Math.ceil(frames.length / stride)) return shown;
    if (shown.positions.length > most.positions.length) most = shown;
  }
  return most;
}

function every(frames: readonly RecordedFrame[], stride: number): ShownFrames {
  const positions = [...frames.keys()].filter(
    (position) => position % stride === 0 && frames[position].image !== undefined,
  );
  return { stride, positions };
}

/** Up to `most` elements of a list, evenly spread, first and last among them. */
export function spread<Element>(all: readonly Element[], most: number): readonly Element[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, n) => all[Math.round((n * (all.length - 1)) / (most - 1))]);
}

/** Matches of a frame for drawing, at the common size of all frames. */
export function matchesAt(position: number, frame: RecordedFrame, size: Size): FrameMatches {
  const { inliers, matches, image } = frame;
  const { width = size.width, height = size.height, goal = [], current = [] } = image?.matches ?? {};
  const scale = [size.width / width, size.height / height];
  return {
    frame: position,
    goal: Float32Array.from(goal),
    current: Float32Array.from(current, (value, index) => value * scale[index % 2]),
    inliers,
    matches,
  };
}
