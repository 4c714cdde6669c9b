import { toLuma } from '../../../src/media/luma.js';
import type { Intrinsics } from '../../../src/vision/geometry/camera.js';
import type { Pose } from '../../../src/vision/geometry/pose.js';
import type { Image } from '../../../src/vision/image/image.js';
import { Rasteriser } from '../../../scripts/render/rasteriser.js';
import type { Scene } from '../../../scripts/render/scene.js';
import { Sensor } from '../../../scripts/render/sensor.js';

const COLOURS = 3;
const NOISE = 1.3;
const ROUNDS = 30;

/** k1 k2 p1 p2 k3 of `plumb_bob`. */
export type PlumbBob = readonly [k1: number, k2: number, p1: number, p2: number, k3: number];

/** A camera whose images are rendered with and without a lens. */
export interface LensCameraOptions {
  readonly width: number;
  readonly height: number;
  readonly intrinsics: Intrinsics;
  readonly lens: PlumbBob;
  /** Size of the image without a lens from which the bent one is made, in images: barrels show more at the corners. */
  readonly margin: number;
}

/** The same view twice. */
export interface LensImages {
  readonly plain: Image;
  readonly bent: Image;
}

/**
 * Renders views as a pinhole camera and as one with a lens see them. The lens is inverted by the fixed-point iteration of
 * OpenCV's `undistortPoints`, which has nothing in common with the product's way.
 */
export class LensCamera {
  readonly #options: LensCameraOptions;
  readonly #wide: { readonly width: number; readonly height: number };
  readonly #rasteriser: Rasteriser;
  /** For each pixel of the bent image its place in the wide one. */
  readonly #places: Float32Array;
  #images = 0;

  constructor(options: LensCameraOptions) {
    const { width, height, intrinsics, margin } = options;
    const wide = { width: Math.floor(width * margin), height: Math.floor(height * margin) };
    const { left, top } = borders(options, wide);
    const { fx, fy, cx, cy } = intrinsics;
    const shifted = { fx, fy, cx: cx + left, cy: cy + top };
    this.#options = options;
    this.#wide = wide;
    this.#rasteriser = new Rasteriser({ ...wide, intrinsics: shifted, supersampling: 2 });
    this.#places = new Float32Array(2 * width * height);
    for (let pixel = 0; pixel < width * height; pixel++) {
      const seen = [((pixel % width) - cx) / fx, (Math.floor(pixel / width) - cy) / fy] as const;
      const [x, y] = withoutLens(options.lens, seen);
      this.#places.set([fx * x + shifted.cx, fy * y + shifted.cy], 2 * pixel);
    }
  }

  look(scene: Scene, pose: Pose): LensImages {
    const { width, height } = this.#options;
    const wide = this.#rasteriser.render(scene, pose);
    const { left, top } = borders(this.#options, this.#wide);
    const plain = new Float32Array(COLOURS * width * height);
    const bent = new Float32Array(COLOURS * width * height);
    for (let pixel = 0; pixel < width * height; pixel++) {
      const at = [(pixel % width) + left, Math.floor(pixel / width) + top] as const;
      this.#sample(wide, at, { into: plain, pixel });
      const place = [this.#places[2 * pixel], this.#places[2 * pixel + 1]] as const;
      this.#sample(wide, place, { into: bent, pixel });
    }
    return { plain: this.#expose(plain), bent: this.#expose(bent) };
  }

  /** Bilinear. */
  #sample(
    from: Float32Array,
    [atX, atY]: readonly [number, number],
    { into, pixel }: { readonly into: Float32Array; readonly pixel: number },
  ): void {
    const { width, height } = this.#wide;
    const x = Math.min(width - 1.001, Math.max(0, atX));
    const y = Math.min(height - 1.001, Math.max(0, atY));
    const [x0, y0] = [Math.floor(x), Math.floor(y)];
    const [right, down] = [x - x0, y - y0];
    for (let c = 0; c < COLOURS; c++) {
      const first = COLOURS * (y0 * width + x0) + c;
      const below = first + COLOURS * width;
      const upper = from[first] + right * (from[first + COLOURS] - from[first]);
      const lower = from[below] + right * (from[below + COLOURS] - from[below]);
      into[COLOURS * pixel + c] = upper + down * (lower - upper);
    }
  }

  #expose(intensities: Float32Array): Image {
    const { width, height } = this.#options;
    const sensor = new Sensor(100 + ++this.#images, NOISE);
    return { width, height, data: toLuma(sensor.expose(intensities, COLOURS * width)) };
  }
}

/** What lies around the image without a lens in the wide one. */
const borders = (
  { width, height }: LensCameraOptions,
  wide: { readonly width: number; readonly height: number },
): { left: number; top: number } => ({
  left: Math.floor((wide.width - width) / 2),
  top: Math.floor((wide.height - height) / 2),
});

function withoutLens([k1, k2, p1, p2, k3]: PlumbBob, [u, v]: readonly [number, number]): [number, number] {
  let [x, y] = [u, v];
  for (let round = 0; round < ROUNDS; round++) {
    const square = x * x + y * y;
    const radial = 1 + ((k3 * square + k2) * square + k1) * square;
    const across = 2 * p1 * x * y + p2 * (square + 2 * x * x);
    const down = p1 * (square + 2 * y * y) + 2 * p2 * x * y;
    [x, y] = [(u - across) / radial, (v - down) / radial];
  }
  return [x, y];
}
