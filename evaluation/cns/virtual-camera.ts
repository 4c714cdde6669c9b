import { defaultIntrinsics } from '../../src/vision/geometry/camera.js';
import type { Pose } from '../../src/vision/geometry/pose.js';
import { length, scale, subtract, type Vec3 } from '../../src/vision/geometry/vector.js';
import { shareInView, visiblePoints } from '../../scripts/render/clip-truth.js';
import { Rasteriser, type CameraModel } from '../../scripts/render/rasteriser.js';
import { buildScene, type Scene } from '../../scripts/render/scene.js';
import { Sensor } from '../../scripts/render/sensor.js';
import type { EvaluationScene } from './evaluation-scenes.js';
import { CLEAN_IMAGE, spoil, type ImageCondition } from './image-condition.js';
import type { Image } from '../../src/vision/image/image.js';

/** Size of all images of the evaluation. */
export const IMAGE = { width: 640, height: 480 } as const;
/** Camera of all images, pixels. */
export const INTRINSICS = defaultIntrinsics(IMAGE.width, IMAGE.height);
/** A little sharper than the image at the usual distance. */
const TEXELS_PER_METRE = 1400;

/** What is known about a goal image. */
export interface GoalTruth {
  /** Mean of the surface points that the goal camera sees; world metres. */
  readonly sceneCentre: Vec3;
  /** Metres from the goal camera to it. */
  readonly goalDistance: number;
  /** Surface points in view. */
  readonly points: readonly Vec3[];
}

/** A camera in one scene. Images with more samples a pixel have smoother edges and take longer. */
export class VirtualCamera {
  readonly #scene: Scene;
  readonly #rasteriser: Rasteriser;
  readonly #seed: number;
  #images = 0;

  constructor({ seed, style }: Pick<EvaluationScene, 'seed' | 'style'>, supersampling: number) {
    this.#scene = buildScene({ seed, texelsPerMetre: TEXELS_PER_METRE, style });
    const model: CameraModel = { ...IMAGE, intrinsics: INTRINSICS, supersampling };
    this.#rasteriser = new Rasteriser(model);
    this.#seed = seed;
  }

  /** A grey image; every one has fresh noise. */
  look(pose: Pose, condition: ImageCondition = CLEAN_IMAGE): Image {
    const rgb = this.#rasteriser.render(this.#scene, pose);
    spoil(rgb, IMAGE, condition);
    const sensor = new Sensor(this.#seed + 1000 * ++this.#images, condition.noise);
    return { ...IMAGE, data: toGrey(sensor.expose(rgb, 3 * IMAGE.width)) };
  }

  /** What the scene is like in front of a goal camera. */
  truthAt(goal: Pose): GoalTruth {
    this.#rasteriser.render(this.#scene, goal);
    const points = visiblePoints(this.#rasteriser, goal);
    const sum = (axis: 0 | 1 | 2): number => points.reduce((total, point) => total + point[axis], 0);
    const sceneCentre = scale([sum(0), sum(1), sum(2)], 1 / points.length);
    return { sceneCentre, goalDistance: length(subtract(sceneCentre, goal.translation)), points };
  }
}

/** Share of a goal's points that are in the image of another pose. */
export const overlap = (points: readonly Vec3[], pose: Pose): number =>
  shareInView(points, pose, { ...IMAGE, intrinsics: INTRINSICS });

/** Luma of ITU-R BT.601, as FFmpeg makes of RGB. */
function toGrey(rgb: Uint8Array): Uint8Array {
  const grey = new Uint8Array(rgb.length / 3);
  for (let i = 0, k = 0; i < grey.length; i++, k += 3)
    grey[i] = Math.round(0.299 * rgb[k] + 0.587 * rgb[k + 1] + 0.114 * rgb[k + 2]);
  return grey;
}
