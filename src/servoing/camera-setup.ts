import { scaleIntrinsics } from '../vision/features/normalised-plane.js';
import { defaultIntrinsics, type Intrinsics } from '../vision/geometry/camera.js';
import { shownSize, workingSizeOf } from '../media/frame-plan.js';
import type { VideoProbe } from '../media/probe.js';

/** Minimum side of analysed frames: a very long image would shrink to a line. */
export const MIN_WORKING_SIDE = 16;

/** Camera parameters of a request. */
export interface CameraParams {
  /** In pixels of the original image; default: the documented estimate. */
  readonly intrinsics?: Intrinsics;
  /** Long side of the analysed frames, in pixels. */
  readonly workingSize: number;
}

/** Camera of one video: intrinsics at the original and at the working size. */
export interface CameraSetup {
  /** In pixels of the original video. */
  readonly intrinsics: Intrinsics;
  readonly source: 'parameters' | 'default';
  readonly workingSize: { readonly width: number; readonly height: number };
  /** In pixels of the working size. */
  readonly workingIntrinsics: Intrinsics;
}

/**
 * Camera of a video, from the parameters or the documented estimate, scaled to the working size. Frames are analysed
 * with square pixels, as players display them; the intrinsics refer to the stored pixels.
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
