import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

/** Options of {@link VideoEncoder}. */
export interface EncoderOptions {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** Path of the file to write; its extension determines the container. */
  readonly out: string;
  /** FFmpeg's output options; default H.264 with B-frames. */
  readonly codecArgs?: readonly string[];
}

/**
 * H.264 for any player: 4:2:0, index at the front, key frame every 48 frames, up to 3 B-frames. One thread, because the
 * bit stream depends on the number of threads.
 */
const H264_ARGS: readonly string[] = [
  ...['-c:v', 'libx264', '-preset', 'slow', '-crf', '22', '-pix_fmt', 'yuv420p'],
  ...['-g', '48', '-bf', '3', '-threads', '1', '-movflags', '+faststart'],
];

/** Encodes raw RGB frames to a video file through FFmpeg's standard input. */
export class VideoEncoder {
  readonly #process: ChildProcessByStdio<Writable, null, Readable>;
  readonly #ended: Promise<number | null>;
  #stderr = '';

  constructor(options: EncoderOptions) {
    const { width, height, fps, out, codecArgs = H264_ARGS } = options;
    const input = [
      '-f',
      'rawvideo',
      '-pix_fmt',
      'rgb24',
      '-s',
      `${width}x${height}`,
      '-r',
      String(fps),
      '-i',
      '-',
    ];
    const output = [
      ...codecArgs,
      '-map_metadata',
      '-1',
      '-fflags',
      '+bitexact',
      '-flags:v',
      '+bitexact',
      out,
    ];
    const args = ['-hide_banner', '-loglevel', 'error', '-y', ...input, ...output];
    this.#process = spawn('ffmpeg', args, { stdio: ['pipe', 'ignore', 'pipe'] });
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    // A broken pipe is reported by finish() with FFmpeg's message.
    this.#process.stdin.on('error', () => undefined);
    this.#ended = new Promise((resolve, reject) => {
      this.#process.on('error', reject).on('close', resolve);
    });
    // The failure is reported by finish(); until then it must not count as an unhandled rejection.
    this.#ended.catch(() => undefined);
  }

  /** Writes one frame; waits while the encoder is busy. Does nothing after the encoder has died. */
  async write(rgb: Uint8Array): Promise<void> {
    const { stdin } = this.#process;
    if (!stdin.writable || stdin.write(rgb)) return;
    // finish() reports a failed encoder with FFmpeg's message instead of the broken pipe.
    await Promise.race([once(stdin, 'drain').catch(() => undefined), this.#ended.catch(() => undefined)]);
  }

  /** Completes the file; throws with FFmpeg's message on failure. */
  async finish(): Promise<void> {
    this.#process.stdin.end();
    const code = await this.#ended;
    if (code !== 0) throw new Error(`ffmpeg ended with code ${String(code)}: ${this.#stderr.trim()}`);
  }
}
