import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

/** What the encoder has to know beforehand. */
export interface EncoderOptions {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** Path of the file to write; its ending chooses the container. */
  readonly out: string;
  /** FFmpeg's output options; H.264 with B-frames when left out. */
  readonly codecArgs?: readonly string[];
}

/**
 * H.264 for any player: 4:2:0, index in front, key frame every 48 frames, up to 3 B-frames. One thread, as the
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
  #complaint = '';

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
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => (this.#complaint += text));
    // A broken pipe is reported by finish() with FFmpeg's own words.
    this.#process.stdin.on('error', () => undefined);
    this.#ended = new Promise((resolve, reject) => {
      this.#process.on('error', reject).on('close', resolve);
    });
    // A caller that awaits finish() sees the failure; until then it must not count as unhandled.
    this.#ended.catch(() => undefined);
  }

  /** Hands over one frame; waits while the encoder is behind. After the encoder's death it does nothing. */
  async write(rgb: Uint8Array): Promise<void> {
    const { stdin } = this.#process;
    if (!stdin.writable || stdin.write(rgb)) return;
    // A failed encoder is told by finish() in FFmpeg's own words, not by the broken pipe.
    await Promise.race([once(stdin, 'drain').catch(() => undefined), this.#ended.catch(() => undefined)]);
  }

  /** Closes the file; throws with FFmpeg's words when it failed. */
  async finish(): Promise<void> {
    this.#process.stdin.end();
    const code = await this.#ended;
    if (code !== 0) throw new Error(`ffmpeg ended with code ${String(code)}: ${this.#complaint.trim()}`);
  }
}
