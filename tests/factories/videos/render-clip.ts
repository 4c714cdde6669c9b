import { createClip, type ClipSpec, type PathName } from '../../../scripts/render/clip-spec.js';
import type { ClipTruth } from '../../../scripts/render/clip-truth.js';
import { renderClip } from '../../../scripts/render/render-clip.js';
import type { CameraPath } from '../../../scripts/render/camera-path.js';

/** A small rendered clip for a test. */
export interface TestClipOptions {
  /** Path of the video to write; its ending chooses the container. */
  readonly out: string;
  /** Same seed, same scene and noise. */
  readonly seed: number;
  /** Number of frames; 12 when left out. */
  readonly frames?: number;
  /** Image size in pixels, both even for H.264; 160x120 when left out. */
  readonly width?: number;
  readonly height?: number;
  /** 25 when left out. */
  readonly fps?: number;
  /**
   * One of the sample paths, compressed to the clip's length ("approach" when left out; the goal is the last frame,
   * for "moving-away" the first), or a path of one's own with the last frame as goal.
   */
  readonly path?: PathName | CameraPath;
  /** FFmpeg's output options; quickly coded H.264 with B-frames when left out. */
  readonly codecArgs?: readonly string[];
}

const QUICK_H264: readonly string[] = [
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20', '-bf', '2', '-g', '12'],
  ...['-pix_fmt', 'yuv420p', '-threads', '1'],
];

/** Renders a textured scene into a real video file (under two seconds for 160x120x20) and returns its ground truth. */
export async function renderTestClip(options: TestClipOptions): Promise<ClipTruth> {
  const {
    frames = 12,
    width = 160,
    height = 120,
    fps = 25,
    path = 'approach',
    seed,
    out,
    codecArgs = QUICK_H264,
  } = options;
  const named = createClip({
    path: typeof path === 'string' ? path : 'approach',
    width,
    height,
    fps,
    frames,
    seed,
  });
  const clip: ClipSpec = typeof path === 'string' ? named : { ...named, path };
  return renderClip(clip, { out, codecArgs });
}
