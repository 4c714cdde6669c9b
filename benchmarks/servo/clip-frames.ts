import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { locateFfmpeg } from '../../src/media/ffmpeg-locate.js';
import { defaultIntrinsics, type Intrinsics } from '../../src/vision/geometry/camera.js';

const run = promisify(execFile);
/** As jobs and sessions analyse frames by default. */
const LONG_SIDE = 640;

/** What a clip's ground truth says, or is assumed of any other video. */
interface ClipFacts {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly frames: number;
  readonly goalFrame: number;
  readonly goalDistance: number;
  /** Of the video's own size. */
  readonly intrinsics: Intrinsics;
}

/** A video as a camera would send it. */
export interface ClipFrames {
  readonly name: string;
  readonly file: string;
  readonly facts: ClipFacts;
  /** JPEGs. */
  readonly frames: readonly Uint8Array[];
  readonly goal: Uint8Array;
}

const ASSUMED_DISTANCE = 0.7;

interface ProbedStream {
  readonly width: number;
  readonly height: number;
  readonly r_frame_rate: string;
}

/** Facts of a video: from the JSON file beside it, else its last frame is the goal and its lens a usual one. */
async function factsOf(file: string, frames: number): Promise<ClipFacts> {
  const truth = await readFile(file.replace(/\.\w+$/, '.json'), 'utf8').catch(() => null);
  if (truth !== null) return JSON.parse(truth) as ClipFacts;
  const { ffprobePath } = await locateFfmpeg();
  const { stdout } = await run(ffprobePath, [
    ...['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'stream=width,height,r_frame_rate'],
    ...['-of', 'json', file],
  ]);
  const [{ width, height, r_frame_rate: rate }] = (JSON.parse(stdout) as { streams: ProbedStream[] }).streams;
  const [numerator, denominator] = rate.split('/').map(Number);
  return {
    width,
    height,
    frames,
    fps: numerator / denominator,
    goalFrame: frames - 1,
    goalDistance: ASSUMED_DISTANCE,
    intrinsics: defaultIntrinsics(width, height),
  };
}

/** Decodes a video and encodes its frames as JPEGs of at most 640 pixels. */
export async function clipFrames(file: string): Promise<ClipFrames> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-clip-frames-'));
  try {
    const { ffmpegPath } = await locateFfmpeg();
    const size = `'min(${String(LONG_SIDE)},iw)':'min(${String(LONG_SIDE)},ih)'`;
    const filter = `scale=${size}:force_original_aspect_ratio=decrease:force_divisible_by=2`;
    await run(ffmpegPath, [
      ...['-v', 'error', '-i', file, '-vf', filter, '-fps_mode', 'passthrough', '-q:v', '3'],
      path.join(folder, '%06d.jpg'),
    ]);
    const names = (await readdir(folder)).sort();
    const frames = await Promise.all(names.map((name) => readFile(path.join(folder, name))));
    const facts = await factsOf(file, frames.length);
    return { name: path.basename(file), file, facts, frames, goal: frames[facts.goalFrame] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes facts for a program that reads them from a file. */
export async function writeFacts({ facts }: ClipFrames, file: string): Promise<void> {
  await writeFile(file, JSON.stringify(facts));
}
