import type { FrameMatches, ReportedFrame } from '../../../../servoing/frame-record.js';
import { CAPTION_HEIGHT } from './preview-texts.js';
import { columnOf, PLOT_HEIGHT, plotBoxes } from './preview-plot.js';
import { matchColour } from '../match-colour.js';
import type { Rgb, RgbCanvas } from '../../../drawing/rgb-canvas.js';
import type { Image } from '../../../../vision/image/image.js';

/** Width of a preview in pixels. */
export const PREVIEW_WIDTH = 640;
const GAP = 4;
const MAX_LINES = 60;
const RED: Rgb = [229, 62, 62];
const GREEN: Rgb = [56, 161, 105];
const YELLOW: Rgb = [236, 201, 75];
const CURSOR: Rgb = [26, 32, 44];

/** Size of each of the two images for a video of this aspect ratio; both sides even. */
export function previewImageSize({ width, height }: { width: number; height: number }): {
  width: number;
  height: number;
} {
  const half = (PREVIEW_WIDTH - GAP) / 2;
  const scale = Math.min(half / width, 360 / height);
  const even = (value: number): number => Math.max(2, 2 * Math.round((value * scale) / 2));
  return { width: Math.min(half, even(width)), height: even(height) };
}

/** Parts of a preview shared by all frames. */
export interface PreviewStage {
  readonly goal: Image;
  /** Height of the strip with the images. */
  readonly imageHeight: number;
  /** Captions of all shown frames, stacked vertically. */
  readonly captions: Image;
  readonly plot: Image;
  /** Number of processed frames. */
  readonly total: number;
  /** Preview pixels per pixel of the analysed goal and current images. */
  readonly goalScale: number;
  readonly currentScale: number;
}

/** One shown frame. */
export interface PreviewFrame {
  /** Index among the shown frames. */
  readonly shown: number;
  /** Index among the processed frames. */
  readonly position: number;
  readonly record: ReportedFrame;
  readonly matches: FrameMatches;
  readonly image: Image;
}

/** Height of a preview in pixels. */
export const previewHeight = (imageHeight: number): number => imageHeight + CAPTION_HEIGHT + PLOT_HEIGHT;

/** Draws goal and current image with matches, a caption, and the plot with a cursor. */
export function drawPreviewFrame(canvas: RgbCanvas, stage: PreviewStage, frame: PreviewFrame): void {
  const { goal, imageHeight, captions, plot, total } = stage;
  const currentLeft = PREVIEW_WIDTH / 2 + GAP / 2;
  canvas.fill({ left: 0, top: 0, width: PREVIEW_WIDTH, height: imageHeight }, [45, 55, 72]);
  canvas.blit(goal, 0, 0);
  canvas.blit(frame.image, currentLeft, 0);
  drawMatches(canvas, stage, { ...frame, currentLeft });
  const { width, height } = frame.image;
  const edge = edgeOf(frame.record);
  if (edge !== null) canvas.frame({ left: currentLeft, top: 0, width, height }, edge, 4);
  canvas.blit(captions, 0, imageHeight, { fromRow: frame.shown * CAPTION_HEIGHT, rows: CAPTION_HEIGHT });
  const plotTop = imageHeight + CAPTION_HEIGHT;
  canvas.blit(plot, 0, plotTop);
  for (const box of plotBoxes(PREVIEW_WIDTH)) {
    const left = Math.round(columnOf(box, frame.position, total));
    canvas.fill({ left, top: plotTop + box.top, width: 2, height: box.bottom - box.top }, CURSOR, 0.8);
  }
}

function edgeOf({ velocity, status, goalReached }: ReportedFrame): Rgb | null {
  if (velocity === null) return RED;
  if (status === 'weak') return YELLOW;
  return goalReached ? GREEN : null;
}

function drawMatches(
  canvas: RgbCanvas,
  { goalScale, currentScale, goal: goalImage }: PreviewStage,
  { matches: { goal, current }, currentLeft }: PreviewFrame & { readonly currentLeft: number },
): void {
  const stride = 2 * Math.max(1, Math.ceil(goal.length / 2 / MAX_LINES));
  for (let k = 0; k < goal.length; k += stride) {
    const from = [goal[k] * goalScale, goal[k + 1] * goalScale] as const;
    const to = [currentLeft + current[k] * currentScale, current[k + 1] * currentScale] as const;
    const colour = matchColour(from, goalImage);
    canvas.line(from, to, colour, 0.55);
    for (const [x, y] of [from, to])
      canvas.fill({ left: Math.round(x) - 1, top: Math.round(y) - 1, width: 3, height: 3 }, colour);
  }
}
