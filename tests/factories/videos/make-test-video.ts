import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A synthetic video made by FFmpeg itself, for tests of containers, codecs and time stamps. */
export interface TestVideoOptions {
  /** Path of the file to write; its ending chooses the container. */
  readonly out: string;
  /** 30 when left out. */
  readonly frames?: number;
  /** 64x48 when left out. */
  readonly width?: number;
  readonly height?: number;
  /** 25 when left out; a fraction such as "30000/1001" is allowed. */
  readonly fps?: number | string;
  /** FFmpeg's test source: `testsrc2` (moving, all frames differ; when left out), `color=red`, `mandelbrot` … */
  readonly source?: string;
  /** Filters after the source, e.g. `setpts='…'` for a variable rate. */
  readonly filter?: string;
  /** Adds a tone as sound. */
  readonly audio?: boolean;
  /** FFmpeg's output options; H.264 with B-frames when left out. */
  readonly codecArgs?: readonly string[];
}

const H264: readonly string[] = [
  '-c:v',
  'libx264',
  '-preset',
  'ultrafast',
  '-bf',
  '2',
  '-g',
  '12',
  '-pix_fmt',
  'yuv420p',
];

/** Writes the video; fails with FFmpeg's words. */
export async function makeTestVideo(options: TestVideoOptions): Promise<void> {
  const {
    out,
    frames = 30,
    width = 64,
    height = 48,
    fps = 25,
    source = 'testsrc2',
    filter,
    audio,
    codecArgs = H264,
  } = options;
  const image = `${source}${source.includes('=') ? ':' : '='}size=${width}x${height}:rate=${fps}`;
  const inputs = ['-f', 'lavfi', '-i', image];
  // The sound is cut to the length of the images by -shortest.
  if (audio) inputs.push('-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100');
  const filters = filter ? ['-vf', filter] : [];
  const output = [
    ...filters,
    ...codecArgs,
    '-threads',
    '1',
    '-frames:v',
    String(frames),
    ...(audio ? ['-shortest'] : []),
    out,
  ];
  await run('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y', ...inputs, ...output]);
}
