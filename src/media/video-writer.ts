import { once } from 'node:events';
import { AppError } from '../errors/app-error.js';
import { DECODE_LIMITS } from '../supervision/confinement.js';
import { videoWriteArguments } from './ffmpeg-arguments.js';
import type { FfmpegTools } from './ffmpeg-locate.js';
import { failureDetails, FfmpegChild } from './ffmpeg-runner.js';
import type { Size } from '../vision/image/image.js';

/** Options of {@link VideoWriter}. */
export interface VideoWriterOptions {
  /** Absolute path of the new MP4. */
  readonly path: string;
  /** Both sides must be even. */
  readonly size: Size;
  readonly fps: number;
  readonly tools: FfmpegTools;
  readonly signal?: AbortSignal;
}

/** Maximum file size in bytes; previews need about a hundredth of it. */
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * Encodes raw RGB frames into an MP4 through FFmpeg's standard input. The caller ends it with `finish` or
 * `stop`.
 */
export class VideoWriter {
  readonly #child: FfmpegChild;
  readonly #signal: AbortSignal | undefined;

  constructor({ tools, signal, ...video }: VideoWriterOptions) {
    this.#signal = signal;
    this.#child = new FfmpegChild({
      command: tools.ffmpegPath,
      args: videoWriteArguments(video),
      limits: { ...DECODE_LIMITS, fileSizeBytes: MAX_BYTES },
      confinement: tools.confinement,
      signal,
      takesInput: true,
    });
    // The child writes nothing to stdout, but an unread pipe would delay its 'close' event.
    this.#child.stdout.resume();
  }

  /**
   * Writes one frame (width x height x 3 bytes); waits while the encoder is behind. The caller may reuse the
   * buffer.
   */
  async write(rgb: Uint8Array): Promise<void> {
    const { stdin, ended } = this.#child;
    if (stdin === null || !stdin.writable) return;
    // The pipe may still reference the bytes when the caller draws the next frame, so they are copied.
    if (stdin.write(rgb.slice())) return;
    await Promise.race([once(stdin, 'drain').catch(() => undefined), ended]);
  }

  /** Completes the file. @throws AppError `VIDEO_NOT_WRITTEN` (internal); the signal's reason on abort */
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

  /** Stops the encoder, which leaves an unusable file. No effect after `finish`. */
  async stop(): Promise<void> {
    await this.#child.stop();
  }
}
