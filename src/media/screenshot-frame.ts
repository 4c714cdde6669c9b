import sharp from 'sharp';
import './image-codec.js';
import type { FfmpegTools } from './ffmpeg-locate.js';
import { openFrameStream } from './frame-stream.js';
import type { ProbedVideo } from './mask-video.js';
import { DECODED_PIXELS } from './probe.js';

/** Options of {@link writeScreenshotFrame}. */
export interface ScreenshotOptions {
  /** Path of a PNG in the size of the video, such as a screenshot with a painted mask. */
  readonly image: string;
  readonly video: ProbedVideo;
  /** Path of the new PNG with the frame. */
  readonly target: string;
  readonly tools: FfmpegTools;
  readonly signal?: AbortSignal;
}

/** Longest side at which frames are compared. */
const COMPARED_SIDE = 96;

/**
 * Finds the frame of a video of which an image is most likely a screenshot, and writes it. Frames are
 * compared by the smaller half of the pixel differences, so that painted areas do not count.
 */
export async function writeScreenshotFrame(options: ScreenshotOptions): Promise<void> {
  const { video, target, tools, signal } = options;
  const { width, height } = video.probe;
  const index = await closestFrame(options);
  const plan = { start: index, end: index + 1, step: 1 };
  const size = { width, height };
  const frames = openFrameStream({ ...video, plan, workingSize: size, format: 'rgb24', tools, signal });
  for await (const { data } of frames)
    await sharp(data, { raw: { ...size, channels: 3 } })
      .png({ compressionLevel: 1 })
      .toFile(target);
}

async function closestFrame({ image, video, tools, signal }: ScreenshotOptions): Promise<number> {
  const { width, height, frameCount } = video.probe;
  const scale = Math.min(1, COMPARED_SIDE / Math.max(width, height));
  const size = {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
  const wanted = await sharp(image)
    .removeAlpha()
    .toColourspace('srgb')
    .resize({ ...size, fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer();
  const end = Math.min(frameCount, Math.max(1, Math.floor(DECODED_PIXELS / (width * height))));
  const plan = { start: 0, end, step: 1 };
  let [best, least] = [0, Infinity];
  const frames = openFrameStream({ ...video, plan, workingSize: size, format: 'rgb24', tools, signal });
  for await (const { index, data } of frames) {
    const difference = middleDifference(wanted, data);
    if (difference >= least) continue;
    [best, least] = [index, difference];
  }
  return best;
}

/** Mean of the smaller half of all differences. */
function middleDifference(one: Uint8Array, other: Uint8Array): number {
  const counts = new Uint32Array(256);
  for (let at = 0; at < other.length; at += 1) counts[Math.abs(one[at] - other[at])] += 1;
  let [left, sum] = [other.length / 2, 0];
  for (let value = 0; left > 0; value += 1) {
    sum += value * Math.min(left, counts[value]);
    left -= counts[value];
  }
  return sum / other.length;
}
