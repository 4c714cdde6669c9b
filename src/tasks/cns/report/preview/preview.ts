import { rasteriseSvg, resizeImage } from '../../../../media/image-codec.js';
import { VideoWriter } from '../../../../media/video-writer.js';
import { RgbCanvas } from '../../../drawing/rgb-canvas.js';
import type { PreviewFrames, ReportDrawing } from '../report-drawing.js';
import { drawCaptions } from './preview-texts.js';
import {
  drawPreviewFrame,
  previewHeight,
  previewImageSize,
  PREVIEW_WIDTH,
  type PreviewStage,
} from './preview-frame.js';
import { previewPlotSvg } from './preview-plot.js';
import type { Image } from '../../../../vision/image/image.js';

/** What a preview is made from. */
interface PreviewSetup {
  readonly report: ReportDrawing;
  readonly previewed: PreviewFrames;
  /** The goal image at working size. */
  readonly goal: Image;
  readonly path: string;
}

/**
 * Writes a short video of the servo run: goal and current image with matches, captions, and the velocities with a
 * cursor. The caller must call {@link finish} or {@link stop}.
 */
export class Preview {
  readonly #setup: PreviewSetup;
  readonly #stage: PreviewStage;
  readonly #canvas: RgbCanvas;
  readonly #writer: VideoWriter;
  #next = 0;

  private constructor(setup: PreviewSetup, stage: PreviewStage) {
    const { ffmpeg: tools, signal } = setup.report.engine;
    this.#setup = setup;
    this.#stage = stage;
    this.#canvas = new RgbCanvas(PREVIEW_WIDTH, previewHeight(stage.imageHeight));
    const { fps } = setup.previewed;
    this.#writer = new VideoWriter({ path: setup.path, size: this.#canvas, fps, tools, signal });
  }

  static async start(setup: PreviewSetup): Promise<Preview> {
    return new Preview(setup, await setStage(setup));
  }

  /** Writes a frame if it is to be shown; `image` has the working size. Frames come in ascending order. */
  async offer(frame: number, image: Image): Promise<void> {
    const { report, previewed } = this.#setup;
    const { frames } = previewed;
    // A frame whose image could not be decoded was not offered.
    while (this.#next < frames.length && frames[this.#next].matches.frame < frame) this.#next += 1;
    const next = frames.at(this.#next);
    if (next?.matches.frame !== frame) return;
    const { position, matches } = next;
    drawPreviewFrame(this.#canvas, this.#stage, {
      shown: this.#next,
      position,
      record: report.records[position],
      matches,
      image: await resizeImage(image, previewImageSize(report.currentSize)),
    });
    await this.#writer.write(this.#canvas.data);
    this.#next += 1;
  }

  /** Completes the file. @throws as `VideoWriter.finish` */
  finish(): Promise<void> {
    return this.#writer.finish();
  }

  /** Stops the encoder without a usable file. Does nothing after {@link finish}. */
  stop(): Promise<void> {
    return this.#writer.stop();
  }
}

async function setStage({ report, previewed, goal }: PreviewSetup): Promise<PreviewStage> {
  const { records, currentSize, metric } = report;
  const size = previewImageSize(goal);
  const current = previewImageSize(currentSize);
  const captions = previewed.frames.map(({ position }) => records[position]);
  return {
    goal: await resizeImage(goal, size),
    imageHeight: Math.max(size.height, current.height),
    captions: await drawCaptions(captions, PREVIEW_WIDTH),
    plot: await rasteriseSvg(previewPlotSvg(records, PREVIEW_WIDTH, metric)),
    total: records.length,
    goalScale: size.width / goal.width,
    currentScale: current.width / currentSize.width,
  };
}
