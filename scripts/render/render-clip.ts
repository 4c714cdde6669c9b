import type { ClipSpec } from './clip-spec.js';
import { clipTruth, visiblePoints, type ClipTruth } from './clip-truth.js';
import { Rasteriser } from './rasteriser.js';
import { buildScene, type Scene } from './scene.js';
import { Sensor } from './sensor.js';
import { VideoEncoder } from './video-encoder.js';

const NOISE_GREY_LEVELS = 1.3;
/** Texels for each pixel that a metre takes up at the goal: a little sharper than the image. */
const TEXELS_PER_PIXEL = 1.9;
const NOMINAL_DISTANCE = 0.7;
/** Finer textures would need gigabytes; larger images are a little soft instead. */
const MAX_TEXELS_PER_METRE = 1600;

/** How a clip is rendered. */
export interface RenderOptions {
  /** Path of the video to write. */
  readonly out: string;
  /** FFmpeg's output options; H.264 when left out. */
  readonly codecArgs?: readonly string[];
  /** Samples per pixel and axis; 2 when left out. */
  readonly supersampling?: number;
  /** Called after every frame with the number of frames done. */
  readonly onFrame?: (done: number) => void;
}

/** The scene of a clip, as fine as its image needs. */
export function sceneFor(clip: ClipSpec): Scene {
  const wanted = (TEXELS_PER_PIXEL * clip.intrinsics.fx) / NOMINAL_DISTANCE;
  return buildScene({ seed: clip.seed, texelsPerMetre: Math.min(wanted, MAX_TEXELS_PER_METRE) });
}

/** Renders every frame of a clip into a video file and returns the truth about it. */
export async function renderClip(clip: ClipSpec, options: RenderOptions): Promise<ClipTruth> {
  const scene = sceneFor(clip);
  const rasteriser = new Rasteriser({ ...clip, supersampling: options.supersampling ?? 2 });
  const sensor = new Sensor(clip.seed, NOISE_GREY_LEVELS);
  const encoder = new VideoEncoder({ ...clip, out: options.out, codecArgs: options.codecArgs });
  for (let frame = 0; frame < clip.frames; frame++) {
    const intensities = rasteriser.render(scene, clip.path(frame / clip.fps));
    await encoder.write(sensor.expose(intensities, 3 * clip.width));
    options.onFrame?.(frame + 1);
  }
  await encoder.finish();
  const goal = clip.path(clip.goalFrame / clip.fps);
  rasteriser.render(scene, goal);
  return clipTruth(clip, visiblePoints(rasteriser, goal));
}
