import { scaleIntrinsics } from '../vision/features/normalised-plane.js';
import { defaultIntrinsics, type Intrinsics } from '../vision/geometry/camera.js';
import { shownSize, workingSizeOf } from '../media/frame-plan.js';
import type { VideoProbe } from '../media/probe.js';

/** Least side of analysed frames: a very long image would shrink to a line. */
const MIN_WORKING_SIDE = 16;

/** What a client says about the camera. */
export interface CameraParams {
  /** Pixels of the original image; a documented guess when left out. */
  readonly intrinsics?: Intrinsics;
  /** Long side of the frames that are analysed, in pixels. */
  readonly workingSize: number;
}

/** One video's camera: intrinsics of the original image and of the size that is analysed. */
export interface CameraSetup {
  /** Pixels of the original video. */
  readonly intrinsics: Intrinsics;
  readonly source: 'parameters' | 'default';
  readonly workingSize: { readonly width: number; readonly height: number };
  /** Pixels of the working size. */
  readonly workingIntrinsics: Intrinsics;
}

/**
 * Camera of a video: as the parameters say, or the documented guess, and both scaled to the working size. Frames are
 * analysed in square pixels, as players show them; the intrinsics stay those of the stored pixels.
 */
export function setUpCamera(
  video: Pick<VideoProbe, 'width' | 'height' | 'pixelAspect'>,
  params: CameraParams,
): CameraSetup {
  const { width, height, pixelAspect } = video;
  const shown = shownSize({ width, height }, pixelAspect);
  const guess = defaultIntrinsics(shown.width, shown.height);
  const { fx, fy, cx, cy } =
    params.intrinsics ?? scaleIntrinsics(guess, width / shown.width, height / shown.height);
  const intrinsics = { fx, fy, cx, cy };
  const workingSize = workingSizeOf(shown, params.workingSize, MIN_WORKING_SIDE);
  return {
    intrinsics,
    source: params.intrinsics ? 'parameters' : 'default',
    workingSize,
    workingIntrinsics: scaleIntrinsics(intrinsics, workingSize.width / width, workingSize.height / height),
  };
}
