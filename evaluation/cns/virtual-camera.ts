import { shareInView } from '../../scripts/render/clip-truth.js';
import { SceneCamera, type GoalTruth } from '../../scripts/render/scene-camera.js';
import { defaultIntrinsics } from '../../src/vision/geometry/camera.js';
import type { Pose } from '../../src/vision/geometry/pose.js';
import type { Vec3 } from '../../src/vision/geometry/vector.js';
import type { Image } from '../../src/vision/image/image.js';
import type { EvaluationScene } from './evaluation-scenes.js';
import { CLEAN_IMAGE, spoil, type ImageCondition } from './image-condition.js';

export type { GoalTruth };

/** Size of all images of the evaluation. */
export const IMAGE = { width: 640, height: 480 } as const;
/** Camera of all images, pixels. */
export const INTRINSICS = defaultIntrinsics(IMAGE.width, IMAGE.height);
/** Texture resolution, slightly finer than the image at the usual distance. */
const TEXELS_PER_METRE = 1400;

/** A camera in one scene. More samples per pixel give smoother edges and take longer. */
export class VirtualCamera {
  readonly #camera: SceneCamera;

  constructor({ seed, style }: Pick<EvaluationScene, 'seed' | 'style'>, supersampling: number) {
    const scene = { seed, texelsPerMetre: TEXELS_PER_METRE, style };
    this.#camera = new SceneCamera(scene, { ...IMAGE, intrinsics: INTRINSICS, supersampling });
  }

  /** Renders a grey image; each has new noise. */
  look(pose: Pose, condition: ImageCondition = CLEAN_IMAGE): Image {
    const rgb = this.#camera.photograph(pose, {
      noise: condition.noise,
      spoil: (light) => spoil(light, IMAGE, condition),
    });
    return { ...IMAGE, data: toGrey(rgb) };
  }

  /** Ground truth in front of a goal camera. */
  truthAt(goal: Pose): GoalTruth {
    return this.#camera.truthAt(goal);
  }
}

/** Share of a goal's points in view from another pose. */
export const overlap = (points: readonly Vec3[], pose: Pose): number =>
  shareInView(points, pose, { ...IMAGE, intrinsics: INTRINSICS });

/** Luma of ITU-R BT.601, equal to FFmpeg's conversion from RGB. */
function toGrey(rgb: Uint8Array): Uint8Array {
  const grey = new Uint8Array(rgb.length / 3);
  for (let i = 0, k = 0; i < grey.length; i++, k += 3)
    grey[i] = Math.round(0.299 * rgb[k] + 0.587 * rgb[k + 1] + 0.114 * rgb[k + 2]);
  return grey;
}
