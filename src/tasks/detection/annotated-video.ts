import path from 'node:path';
import { AppError } from '../../errors/app-error.js';
import { workingSizeOf } from '../../media/frame-plan.js';
import { VideoWriter } from '../../media/video-writer.js';
import type { Detection } from '../../domain/detection.js';
import type { Image } from '../../vision/image/image.js';
import type { EngineContext } from '../definition.js';
import { Annotator } from './annotate.js';

/** Name of the annotated video in the ZIP. */
export const VIDEO_FILE = 'annotated.mp4';
/** Long side of an annotated video. */
const SIDE = 960;
/** Maximum frames of an annotated video; longer ones show every second frame, every third, and so on. */
const MAX_FRAMES = 3000;
/** Range of frame rates that players support. */
const [MIN_FPS, MAX_FPS] = [1, 60];

/** Options of {@link AnnotatedVideo}. */
export interface AnnotatedVideoOptions {
  readonly folder: string;
  /** Number of frames that will be offered. */
  readonly total: number;
  readonly secondsPerFrame: number;
  readonly size: { readonly width: number; readonly height: number };
  readonly engine: Pick<EngineContext, 'ffmpeg' | 'signal'>;
}

/** Video of the processed frames with their boxes, as long as the original. The caller must call `finish` or `stop`. */
export class AnnotatedVideo {
  readonly #annotator = new Annotator();
  readonly #writer: VideoWriter;
  readonly #size: { readonly width: number; readonly height: number };
  readonly #stride: number;

  constructor({ folder, total, secondsPerFrame, size, engine }: AnnotatedVideoOptions) {
    const { width, height } = workingSizeOf(size, SIDE);
    const even = (side: number): number => Math.max(2, 2 * Math.round(side / 2));
    this.#size = { width: even(width), height: even(height) };
    this.#stride = Math.max(1, Math.ceil(total / MAX_FRAMES));
    const fps = Math.min(MAX_FPS, Math.max(MIN_FPS, 1 / (this.#stride * secondsPerFrame)));
    const { ffmpeg: tools, signal } = engine;
    this.#writer = new VideoWriter({
      path: path.join(folder, VIDEO_FILE),
      size: this.#size,
      fps,
      tools,
      signal,
    });
  }

  /** Notes on what the video does not show. */
  get warnings(): readonly string[] {
    if (this.#stride === 1) return [];
    return [`${VIDEO_FILE} shows one of ${String(this.#stride)} processed frames.`];
  }

  /** @param position index among the processed frames */
  async offer(position: number, image: Image, detections: readonly Detection[]): Promise<void> {
    if (position % this.#stride !== 0) return;
    const { data } = await this.#annotator.draw(image, detections, this.#size);
    await this.#writer.write(data);
  }

  /**
   * Completes the file. Returns false when it could not be written, for example because it became too large; the result
   * then omits it.
   */
  async finish(): Promise<boolean> {
    try {
      await this.#writer.finish();
      return true;
    } catch (error) {
      if (error instanceof AppError && error.code === 'VIDEO_NOT_WRITTEN') return false;
      throw error;
    }
  }

  /** Stops the encoder. Does nothing after {@link finish}. */
  stop(): Promise<void> {
    return this.#writer.stop();
  }
}
