import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createClip } from './clip-spec.js';
import { Rasteriser } from './rasteriser.js';
import { sceneFor } from './render-clip.js';
import { Sensor } from './sensor.js';

/** Options of a long video. */
export interface LongClipOptions {
  readonly out: string;
  readonly piece: string;
  readonly seconds: number;
  /** Image size in pixels, both even. */
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly seed: number;
}

const PIECE_SECONDS = 10;
/** Range of the window's motion as a share of the image size. */
const MARGIN = 0.2;

/** Writes the video; returns its number of frames. */
export async function makeLongClip(options: LongClipOptions): Promise<number> {
  const pieceSeconds = Math.min(PIECE_SECONDS, options.seconds);
  await encodePiece(options, pieceSeconds);
  const repeats = Math.ceil(options.seconds / pieceSeconds);
  const frames = options.seconds * options.fps;
  await ffmpeg(
    // Cut by frames, not by time, because the container rounds the time of the last packet.
    [
      '-stream_loop',
      String(repeats - 1),
      '-i',
      options.piece,
      '-c',
      'copy',
      '-frames:v',
      String(frames),
      '-movflags',
      '+faststart',
      options.out,
    ],
    null,
  );
  return frames;
}

/** Without B-frames, so that copies of the segment follow each other without gaps in the decoding times. */
const ENCODER = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '30', '-bf', '0', '-threads', '1'];

async function encodePiece(
  { piece, width, height, fps, seed }: LongClipOptions,
  seconds: number,
): Promise<void> {
  const even = (size: number): number => 2 * Math.ceil((size * (1 + MARGIN)) / 2);
  const clip = createClip({
    path: 'approach',
    width: even(width),
    height: even(height),
    fps,
    frames: 2,
    seed,
  });
  const rasteriser = new Rasteriser({ ...clip, supersampling: 1 });
  const image = new Sensor(seed, 1).expose(rasteriser.render(sceneFor(clip), clip.path(0)), 3 * clip.width);
  const roomX = (clip.width - width) / 2;
  const roomY = (clip.height - height) / 2;
  const phase = `2*PI*t/${seconds}`;
  const window = `crop=${width}:${height}:'${roomX}*(1+sin(${phase}))':'${roomY}*(1+cos(${phase}))'`;
  await ffmpeg(
    [
      ...[
        '-f',
        'rawvideo',
        '-pix_fmt',
        'rgb24',
        '-s',
        `${clip.width}x${clip.height}`,
        '-r',
        String(fps),
        '-i',
        '-',
      ],
      ...[
        '-vf',
        `format=yuv420p,loop=loop=-1:size=1,setpts=N/${fps}/TB,${window}`,
        '-frames:v',
        String(seconds * fps),
      ],
      ...ENCODER,
      ...['-g', String(fps), piece],
    ],
    image,
  );
}

async function ffmpeg(args: readonly string[], input: Uint8Array | null): Promise<void> {
  const child = spawn('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...args], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  // FFmpeg may stop reading early; its exit code decides whether that is an error.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input ?? undefined);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`ffmpeg ended with code ${String(code)}: ${complaint.trim()}`);
}
