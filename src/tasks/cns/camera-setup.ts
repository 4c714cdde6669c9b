import { scaleIntrinsics } from '../../inference/features/normalised-plane.js';
import { defaultIntrinsics, type Intrinsics } from '../../inference/math/camera.js';
import { workingSizeOf } from '../../media/frame-plan.js';
import type { VideoFacts } from './definition.js';
import type { CnsParams } from './params.js';

/** One video's camera: intrinsics of the original picture and of the size that is analysed. */
export interface CameraSetup {
  /** Pixels of the original video. */
  readonly intrinsics: Intrinsics;
  readonly source: 'parameters' | 'default';
  readonly workingSize: { readonly width: number; readonly height: number };
  /** Pixels of the working size. */
  readonly workingIntrinsics: Intrinsics;
}

/** Camera of a video: as the parameters say, or the documented guess, and both scaled to the working size. */
export function setUpCamera(
  video: VideoFacts,
  params: Pick<CnsParams, 'intrinsics' | 'workingSize'>,
): CameraSetup {
  const { width, height } = video;
  const { fx, fy, cx, cy } = params.intrinsics ?? defaultIntrinsics(width, height);
  const intrinsics = { fx, fy, cx, cy };
  const workingSize = workingSizeOf({ width, height }, params.workingSize);
  return {
    intrinsics,
    source: params.intrinsics ? 'parameters' : 'default',
    workingSize,
    workingIntrinsics: scaleIntrinsics(intrinsics, workingSize.width / width, workingSize.height / height),
  };
}
