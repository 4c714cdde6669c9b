import { once } from 'node:events';
import { AppError } from '../errors/app-error.js';
import { DECODE_LIMITS } from '../supervision/confinement.js';
import { videoWriteArguments } from './ffmpeg-arguments.js';
import type { FfmpegTools } from './ffmpeg-locate.js';
import { failureDetails, FfmpegChild } from './ffmpeg-runner.js';
import type { Size } from '../vision/image/image.js';

/** What {@link VideoWriter} writes, and with which program. */
export interface VideoWriterOptions {
  /** Absolute path of the MP4 to write. */
  readonly path: string;
  /** Both sides even. */
  readonly size: Size;
  readonly fps: number;
  readonly tools: FfmpegTools;
  readonly signal?: AbortSignal;
}

/** Largest file that is written, bytes: previews are a hundredth of it. */
const MOST_BYTES = 256 * 1024 * 1024;

/** Encodes raw RGB frames into an MP4 through FFmpeg's standard input. The caller ends it by `finish` or `stop`. */
export class VideoWriter {
  readonly #child: FfmpegChild;
  readonly #signal: AbortSignal | undefined;

  constructor({ tools, signal, ...video }: VideoWriterOptions) {
    this.#signal = signal;
    this.#child = new FfmpegChild({
      command: tools.ffmpegPath,
      args: videoWriteArguments(video),
      limits: { ...DECODE_LIMITS, fileSizeBytes: MOST_BYTES },
      confinement: tools.confinement,
      signal,
      takesInput: true,
    });
    // Nothing is written there, and an unread pipe would keep the end away.
    this.#child.stdout.resume();
  }

  /** Hands over one frame (width x height x 3 bytes); waits while the encoder is behind. It may be reused afterwards. */
  async write(rgb: Uint8Array): Promise<void> {
    const { stdin, ended } = this.#child;
    if (stdin === null || !stdin.writable) return;
    // A copy, since the pipe may still hold the bytes when the caller draws the next frame.
    if (stdin.write(rgb.slice())) return;
    await Promise.race([once(stdin, 'drain').catch(() => undefined), ended]);
  }

  /** Closes the file. @throws AppError `VIDEO_NOT_WRITTEN` (internal); the signal's reason on abort */
  async finish(): Promise<void> {
    this.#child.stdin?.end();
    const end = await this.#child.ended;
    this.#signal?.throwIfAborted();
    if (end.exitCode === 0) return;
    throw new AppError('VIDEO_NOT_WRITTEN', {
      message: 'FFmpeg could not write the video.',
      details: failureDetails(end),
    });
  }

  /** Ends the encoder without a usable file. Harmless after `finish`. */
  async stop(): Promise<void> {
    await this.#child.stop();
  }
}
