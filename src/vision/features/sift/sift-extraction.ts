import type { Image } from '../../image/image.js';
import { fitImage } from '../../image/fit-image.js';
import { takeRows } from '../feature-rows.js';
import { Kernel } from '../kernels/kernel.js';
import { SIFT_KERNEL } from '../kernels/sift-kernel.js';
import { selectSpread } from '../spatial-selection.js';
import type { Features } from '../types.js';

/** Contrast of a key point, for pixels from 0 to 1; the sensitive value is for images of little texture. */
const CONTRAST = { normal: 0.03, sensitive: 0.008 };
/** An image counts as low in texture when it yields less than this share of the requested key points. */
const POOR_TEXTURE_SHARE = 0.25;
/** Key points described at most per image. */
const MAX_KEYPOINTS = 1024;
/** Larger images are scaled down, which bounds memory. */
const MAX_SIDE = 1920;
const WIDTH = 128;
/** x, y and sigma in pixels, strength, direction in rad. */
const FACTS = 5;
/** Diameter of the described neighbourhood in sigmas: four cells of three. */
const DIAMETER = 12;

/** Functions that the WebAssembly kernel exports. */
type SiftFunction = 'prepare' | 'compute' | 'detect' | 'factsAt' | 'descriptorsAt';

/** Memory of the kernel for one image size. */
interface Workspace {
  readonly kernel: Kernel<SiftFunction>;
  readonly width: number;
  readonly height: number;
  /** Address of the image's bytes. */
  readonly grey: number;
}

/** Detects and describes SIFT key points, one image at a time, on the calling thread. */
export class SiftExtractor {
  readonly #maxFeatures: number;
  #workspace: Workspace | undefined;

  /** @param maxFeatures most key points kept per image */
  constructor(maxFeatures: number) {
    this.#maxFeatures = Math.min(maxFeatures, MAX_KEYPOINTS);
  }

  /**
   * Key points spread over the image, strongest first.
   * @param sensitive whether to look for weak contrasts at once, as the goal of the image's clip required
   */
  extract(image: Image, sensitive = false): Features {
    const { image: fitted, scale } = fitImage(image, { multipleOf: 1, min: 1, max: MAX_SIDE });
    const { kernel, grey } = this.#workspaceFor(fitted);
    kernel.bytesAt(grey, fitted.data.length).set(fitted.data);
    kernel.call('compute');
    const found = this.#detect(kernel, sensitive);
    const { points, scores } = found;
    const { width, height } = fitted;
    const kept = takeRows(found, selectSpread({ points, scores, width, height, limit: this.#maxFeatures }));
    return scale === 1 ? kept : onImage(kept, scale, image);
  }

  #detect(kernel: Kernel<SiftFunction>, sensitive: boolean): Features {
    if (!sensitive) {
      const count = kernel.call('detect', CONTRAST.normal);
      if (count >= this.#maxFeatures * POOR_TEXTURE_SHARE) return readFeatures(kernel, count);
    }
    return { ...readFeatures(kernel, kernel.call('detect', CONTRAST.sensitive)), sensitive: true };
  }

  /** Reuses the allocated memory while consecutive images have the same size. */
  #workspaceFor({ width, height }: Image): Workspace {
    if (this.#workspace?.width !== width || this.#workspace.height !== height) {
      this.#workspace = undefined;
      const kernel = new Kernel<SiftFunction>(SIFT_KERNEL);
      this.#workspace = { kernel, width, height, grey: kernel.call('prepare', width, height, MAX_KEYPOINTS) };
    }
    return this.#workspace;
  }
}

function readFeatures(kernel: Kernel<SiftFunction>, count: number): Features {
  const facts = kernel.floatsAt(kernel.call('factsAt'), FACTS * count);
  const column = (place: number): Float32Array =>
    new Float32Array(count).map((_, row) => facts[FACTS * row + place]);
  return {
    count,
    points: new Float32Array(2 * count).map((_, k) => facts[FACTS * (k >> 1) + (k & 1)]),
    scores: column(3),
    sizes: column(2).map((sigma) => DIAMETER * sigma),
    angles: column(4).map((angle) => ((angle * 180) / Math.PI + 360) % 360),
    descriptors: {
      kind: 'float',
      width: WIDTH,
      data: kernel.floatsAt(kernel.call('descriptorsAt'), WIDTH * count).slice(),
    },
  };
}

/** Key points of an image that was scaled down, in its own pixels. */
function onImage(found: Features, scale: number, { width, height }: Image): Features {
  const most = [width - 1, height - 1];
  return {
    ...found,
    points: found.points.map((at, k) => Math.min(Math.max((at + 0.5) / scale - 0.5, 0), most[k & 1])),
    sizes: found.sizes.map((size) => size / scale),
  };
}
