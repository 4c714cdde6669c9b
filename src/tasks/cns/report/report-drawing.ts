import type { FrameMatches, ReportedFrame } from '../../../servoing/frame-record.js';
import type { Image, Size } from '../../../vision/image/image.js';
import type { EngineContext } from '../../definition.js';

/** A frame of the preview. */
interface PreviewedFrame {
  /** Index among the processed frames. */
  readonly position: number;
  readonly matches: FrameMatches;
}

/** Frames of the preview, and its frame rate. */
export interface PreviewFrames {
  readonly fps: number;
  readonly frames: readonly PreviewedFrame[];
}

/** What the match images and the preview of a report are drawn from; frames of a video or of a live session. */
export interface ReportDrawing {
  readonly engine: Pick<EngineContext, 'ffmpeg' | 'signal'>;
  readonly records: readonly ReportedFrame[];
  /** Whether translations are in m/s. */
  readonly metric: boolean;
  /** Working size of the current frames. */
  readonly currentSize: Size;
  /** Matches of the frames that become images. */
  readonly images: readonly FrameMatches[];
  /** Null for a report without preview. */
  readonly preview: PreviewFrames | null;
  /** The goal image in colour at working size; null when it cannot be decoded. */
  goalImage(): Promise<Image | null>;
  /** Frames by number in colour at working size, in ascending order. */
  currentImages(frames: readonly number[]): AsyncIterable<Image & { readonly index: number }>;
}
