import { rasteriseSvg } from '../../../../media/image-codec.js';
import { decodePictures } from '../../../../media/frame-picture.js';
import { openFrameStream } from '../../../../media/frame-stream.js';
import { VideoWriter } from '../../../../media/video-writer.js';
import { workingSizeOf } from '../../../../media/frame-plan.js';
import type { ReportInput } from '../report.js';
import { drawCaptions } from './preview-texts.js';
import {
  drawPreviewFrame,
  previewHeight,
  previewPictureSize,
  PREVIEW_WIDTH,
  type PreviewStage,
} from './preview-frame.js';
import { planPreview } from './preview-plan.js';
import { previewPlotSvg } from './preview-plot.js';
import { RgbCanvas, type RgbPicture } from './rgb-canvas.js';

/**
 * Writes a short video of the servo: goal and current picture with matches, captions, and the velocities with a cursor.
 * @returns whether it was written; a goal frame that cannot be shown leaves it out
 */
export async function writePreview(report: ReportInput, path: string): Promise<boolean> {
  const { input, records, engine, preview, probes } = report;
  const { fps, stride } = planPreview(records.length, secondsPerFrame(report));
  const stage = await setStage(report, stride);
  if (stage === null) return false;
  const { ffmpeg: tools, signal } = engine;
  const canvas = new RgbCanvas(PREVIEW_WIDTH, previewHeight(stage.pictureHeight));
  const writer = new VideoWriter({ path, size: canvas, fps, tools, signal });
  const size = previewPictureSize(input.currentVideo);
  const frames = openFrameStream({
    path: engine.mediaPaths.current,
    probe: probes.current,
    plan: { start: input.startFrame, end: input.endFrame, step: input.frameStep * stride },
    workingSize: size,
    format: 'rgb24',
    tools,
    signal,
  });
  try {
    let shown = 0;
    for await (const { data } of frames) {
      const position = shown * stride;
      const picture = { ...size, data };
      drawPreviewFrame(canvas, stage, {
        shown,
        position,
        record: records[position],
        matches: preview[shown],
        picture,
      });
      await writer.write(canvas.data);
      shown += 1;
    }
    await writer.finish();
    return true;
  } finally {
    await writer.stop();
  }
}

/** Seconds from one processed frame to the next. */
export function secondsPerFrame({ input }: Pick<ReportInput, 'input'>): number {
  const { fps } = input.currentVideo;
  return (input.frameStep * fps.den) / fps.num;
}

async function setStage(report: ReportInput, stride: number): Promise<PreviewStage | null> {
  const { input, records, params } = report;
  const goal = await goalPicture(report);
  if (goal === null) return null;
  const shown = records.filter((_, position) => position % stride === 0);
  const current = previewPictureSize(input.currentVideo);
  const scaleOf = (width: number, video: { readonly width: number; readonly height: number }): number =>
    width / workingSizeOf(video, params.workingSize).width;
  return {
    goal,
    pictureHeight: Math.max(goal.height, current.height),
    captions: await drawCaptions(shown, PREVIEW_WIDTH),
    plot: await rasteriseSvg(previewPlotSvg(records, PREVIEW_WIDTH, params.goalDistance !== undefined)),
    total: records.length,
    goalScale: scaleOf(goal.width, input.goalVideo),
    currentScale: scaleOf(current.width, input.currentVideo),
  };
}

async function goalPicture({ input, engine, probes }: ReportInput): Promise<RgbPicture | null> {
  const pictures = decodePictures({
    path: engine.mediaPaths.goal,
    probe: probes.goal,
    workingSize: previewPictureSize(input.goalVideo),
    tools: engine.ffmpeg,
    signal: engine.signal,
    indices: [input.goalFrame],
  });
  for await (const picture of pictures) return picture;
  return null;
}
