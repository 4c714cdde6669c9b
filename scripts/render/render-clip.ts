import type { ClipSpec } from './clip-spec.js';
import { clipTruth, visiblePoints, type ClipTruth } from './clip-truth.js';
import { Rasteriser } from './rasteriser.js';
import { buildScene, type Scene } from './scene.js';
import { Sensor } from './sensor.js';
import { VideoEncoder } from './video-encoder.js';

const NOISE_GREY_LEVELS = 1.3;
/** Texels per image pixel at the goal distance; slightly finer than the image. */
const TEXELS_PER_PIXEL = 1.9;
const NOMINAL_DISTANCE = 0.7;
/** Limit of the texture resolution: finer textures would need gigabytes, so larger images are slightly soft. */
const MAX_TEXELS_PER_METRE = 1600;

/** Options of {@link renderClip}. */
export interface RenderOptions {
  /** Path of the video to write. */
  readonly out: string;
  /** FFmpeg's output options; default H.264. */
  readonly codecArgs?: readonly string[];
  /** Samples per pixel and axis; default 2. */
  readonly supersampling?: number;
  /** Called after every frame with the number of completed frames. */
  readonly onFrame?: (done: number) => void;
}

/** Builds the scene of a clip with the texture resolution that its image needs. */
export function sceneFor(clip: ClipSpec): Scene {
  const wanted = (TEXELS_PER_PIXEL * clip.intrinsics.fx) / NOMINAL_DISTANCE;
  return buildScene({ seed: clip.seed, texelsPerMetre: Math.min(wanted, MAX_TEXELS_PER_METRE) });
}

/** Renders every frame of a clip to a video file; returns the ground truth. */
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
