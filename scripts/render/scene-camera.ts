import type { Pose } from '../../src/vision/geometry/pose.js';
import { length, scale, subtract, type Vec3 } from '../../src/vision/geometry/vector.js';
import { visiblePoints } from './clip-truth.js';
import { Rasteriser, type CameraModel } from './rasteriser.js';
import { buildScene, type Scene, type SceneOptions } from './scene.js';
import { Sensor } from './sensor.js';

/** Default noise, that of a small camera; standard deviation in grey levels of 255. */
const USUAL_NOISE = 1.3;

/** Sensor noise and degradations of a photograph. */
export interface Exposure {
  /** Standard deviation of the sensor noise in grey levels of 255; default: that of a small camera. */
  readonly noise?: number;
  /** Modifies the RGB intensities (0 to 255) in place before they reach the sensor. */
  readonly spoil?: (rgb: Float32Array) => void;
}

/** Ground truth of a goal image. */
export interface GoalTruth {
  /** Mean of the surface points that the goal camera sees; world metres. */
  readonly sceneCentre: Vec3;
  /** Metres from the goal camera to it. */
  readonly goalDistance: number;
  /** Surface points in view. */
  readonly points: readonly Vec3[];
}

/** Camera in a rendered scene; renders photographs from any pose. */
export class SceneCamera {
  readonly #scene: Scene;
  readonly #rasteriser: Rasteriser;
  readonly #seed: number;
  #photographs = 0;

  constructor(scene: SceneOptions, model: CameraModel) {
    this.#scene = buildScene(scene);
    this.#rasteriser = new Rasteriser(model);
    this.#seed = scene.seed;
  }

  /** Renders a photograph: RGB bytes in row-major order, each with new noise. */
  photograph(pose: Pose, { noise = USUAL_NOISE, spoil }: Exposure = {}): Uint8Array {
    const rgb = this.#rasteriser.render(this.#scene, pose);
    spoil?.(rgb);
    const sensor = new Sensor(this.#seed + 1000 * ++this.#photographs, noise);
    return sensor.expose(rgb, 3 * this.#rasteriser.camera.width);
  }

  /** Ground truth in front of a goal camera. */
  truthAt(goal: Pose): GoalTruth {
    this.#rasteriser.measureDepths(this.#scene, goal);
    const points = visiblePoints(this.#rasteriser, goal);
    const sum = (axis: 0 | 1 | 2): number => points.reduce((total, point) => total + point[axis], 0);
    const sceneCentre = scale([sum(0), sum(1), sum(2)], 1 / points.length);
    return { sceneCentre, goalDistance: length(subtract(sceneCentre, goal.translation)), points };
  }
}
