import { rasteriseSvg, resizeImage } from '../../../../media/image-codec.js';
import { VideoWriter } from '../../../../media/video-writer.js';
import { setUpCamera } from '../../../../servoing/camera-setup.js';
import { RgbCanvas } from '../../../drawing/rgb-canvas.js';
import type { ReportInput } from '../report-input.js';
import { drawCaptions } from './preview-texts.js';
import {
  drawPreviewFrame,
  previewHeight,
  previewImageSize,
  PREVIEW_WIDTH,
  type PreviewStage,
} from './preview-frame.js';
import { planPreview } from './preview-plan.js';
import { previewPlotSvg } from './preview-plot.js';
import type { Image } from '../../../../vision/image/image.js';

/** Time between processed frames, seconds. */
export function secondsPerFrame({ input, probes }: Pick<ReportInput, 'input' | 'probes'>): number {
  const { fps } = probes.current;
  return (input.frameStep * fps.den) / fps.num;
}

/**
 * Writes a short video of the servo run: goal and current image with matches, captions, and the velocities with a
 * cursor. The caller must call {@link finish} or {@link stop}.
 */
export class Preview {
  readonly #report: ReportInput;
  readonly #stage: PreviewStage;
  readonly #stride: number;
  readonly #canvas: RgbCanvas;
  readonly #writer: VideoWriter;
  #shown = 0;

  private constructor(report: ReportInput, stage: PreviewStage, path: string) {
    const { engine, records } = report;
    const { fps, stride } = planPreview(records.length, secondsPerFrame(report));
    this.#report = report;
    this.#stage = stage;
    this.#stride = stride;
    this.#canvas = new RgbCanvas(PREVIEW_WIDTH, previewHeight(stage.imageHeight));
    const { ffmpeg: tools, signal } = engine;
    this.#writer = new VideoWriter({ path, size: this.#canvas, fps, tools, signal });
  }

  /** @param goal the goal frame at working size */
  static async start(report: ReportInput, goal: Image, path: string): Promise<Preview> {
    return new Preview(report, await setStage(report, goal), path);
  }

  /** Writes a frame if it is the next one to show; `image` has the working size. */
  async offer(frame: number, image: Image): Promise<void> {
    const { preview, records, probes, params } = this.#report;
    const matches = preview.at(this.#shown);
    if (matches?.frame !== frame) return;
    const position = this.#shown * this.#stride;
    drawPreviewFrame(this.#canvas, this.#stage, {
      shown: this.#shown,
      position,
      record: records[position],
      matches,
      image: await resizeImage(image, previewImageSize(setUpCamera(probes.current, params).workingSize)),
    });
    await this.#writer.write(this.#canvas.data);
    this.#shown += 1;
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

async function setStage(report: ReportInput, goal: Image): Promise<PreviewStage> {
  const { probes, records, params } = report;
  const { stride } = planPreview(records.length, secondsPerFrame(report));
  const shown = records.filter((_, position) => position % stride === 0);
  const size = previewImageSize(goal);
  const analysed = setUpCamera(probes.current, params).workingSize;
  const current = previewImageSize(analysed);
  return {
    goal: await resizeImage(goal, size),
    imageHeight: Math.max(size.height, current.height),
    captions: await drawCaptions(shown, PREVIEW_WIDTH),
    plot: await rasteriseSvg(previewPlotSvg(records, PREVIEW_WIDTH, params.goalDistance !== undefined)),
    total: records.length,
    goalScale: size.width / goal.width,
    currentScale: current.width / analysed.width,
  };
}
