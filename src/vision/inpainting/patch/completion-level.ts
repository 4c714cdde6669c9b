import { distanceToKnown } from '../hole-distance.js';
import type { FloatImage } from '../../image/image.js';
import { CHANNELS, GRADIENT_WEIGHT, REACH, VOTED } from './settings.js';
import { HOLE, type Mask } from '../../image/mask.js';

/** Trust in a patch falls by this factor for each pixel between its centre and the nearest known pixel. */
const TRUST_DECAY = 1.3;
const MAX_DEPTH = 40;

/** Initial content of one level. */
export interface LevelInput {
  /** {@link VOTED} channels; inside the hole a first guess or undefined. */
  readonly known: FloatImage;
  readonly hole: Mask;
  /** RGB approximation of what the hole should look like. */
  readonly guide: FloatImage;
}

/**
 * One pyramid level during completion: its features, the patches to find (targets), the patches that may be copied
 * (sources), and the field that assigns a source to each target.
 */
export class CompletionLevel {
  readonly width: number;
  readonly height: number;
  /** Interleaved {@link CHANNELS}. */
  readonly features: Float32Array;
  readonly hole: Uint8Array;
  readonly guide: Float32Array;
  /** Pixels of the hole, in reading order. */
  readonly holePixels: Int32Array;
  /** Index into `holePixels` by pixel, -1 outside. */
  readonly holeIndex: Int32Array;
  /** Centres of patches that touch the hole, in reading order. */
  readonly targets: Int32Array;
  /** Centres of patches that are fully known. */
  readonly sources: Int32Array;
  /** By pixel: 0 is neither, 1 a source, 2 a target. */
  readonly kind: Uint8Array;
  /** Source centre by target centre; -1 where there is none. */
  readonly field: Int32Array;
  /** Cost of the field by target centre. */
  readonly cost: Float64Array;
  /** Trust in a patch by its centre. */
  readonly trust: Float32Array;
  /** Pixels whose gradient depends on the content of the hole. */
  readonly #touched: Int32Array;

  constructor({ known, hole, guide }: LevelInput) {
    const { width, height } = hole;
    this.width = width;
    this.height = height;
    this.hole = hole.data;
    this.guide = guide.data;
    this.features = widenChannels(known.data, width * height);
    this.kind = new Uint8Array(width * height);
    const near = nearHole(hole);
    this.targets = this.#classify(near, 2);
    this.sources = this.#classify(near, 1);
    this.holePixels = indicesOf(hole.data, HOLE);
    this.holeIndex = new Int32Array(width * height).fill(-1);
    this.holePixels.forEach((pixel, index) => (this.holeIndex[pixel] = index));
    this.#touched = indicesOf(near, 1);
    this.field = new Int32Array(width * height).fill(-1);
    this.cost = new Float64Array(width * height);
    this.trust = distanceToKnown(hole).map((depth) => TRUST_DECAY ** -Math.min(depth, MAX_DEPTH));
    this.#gradients(Int32Array.from({ length: width * height }, (_, i) => i));
  }

  /** Recomputes the gradient channels in and around the hole, after its colours have changed. */
  refreshGradients(): void {
    this.#gradients(this.#touched);
  }

  /** Blends the hole's colours with the guide; `share` is the weight of the guide. */
  mixGuide(share: number): void {
    if (share <= 0) return;
    for (const pixel of this.holePixels) {
      for (let c = 0; c < 3; c++) {
        const at = pixel * CHANNELS + c;
        this.features[at] += share * (this.guide[pixel * 3 + c] - this.features[at]);
      }
    }
  }

  /** Centres whose patch lies inside the image and touches the hole (`kind` 2) or does not (1). */
  #classify(near: Uint8Array, kind: 1 | 2): Int32Array {
    const { width, height } = this;
    const wanted = kind === 2 ? 1 : 0;
    const found: number[] = [];
    for (let y = REACH; y < height - REACH; y++) {
      for (let x = REACH; x < width - REACH; x++) {
        const pixel = y * width + x;
        if (near[pixel] !== wanted) continue;
        this.kind[pixel] = kind;
        found.push(pixel);
      }
    }
    return Int32Array.from(found);
  }

  #gradients(pixels: Int32Array): void {
    const { width, height, features } = this;
    const light = (pixel: number): number => {
      const at = pixel * CHANNELS;
      return 0.299 * features[at] + 0.587 * features[at + 1] + 0.114 * features[at + 2];
    };
    for (const pixel of pixels) {
      const x = pixel % width;
      const left = x > 0 ? pixel - 1 : pixel;
      const right = x < width - 1 ? pixel + 1 : pixel;
      const above = pixel >= width ? pixel - width : pixel;
      const below = pixel < width * (height - 1) ? pixel + width : pixel;
      features[pixel * CHANNELS + VOTED] = GRADIENT_WEIGHT * (light(right) - light(left));
      features[pixel * CHANNELS + VOTED + 1] = GRADIENT_WEIGHT * (light(below) - light(above));
    }
  }
}

function widenChannels(known: Float32Array, count: number): Float32Array {
  const features = new Float32Array(count * CHANNELS);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < VOTED; c++) features[i * CHANNELS + c] = known[i * VOTED + c];
  }
  return features;
}

/** 1 where the patch around a pixel touches the hole. */
function nearHole({ width, height, data }: Mask): Uint8Array {
  const rows = new Uint8Array(data.length);
  const near = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0) continue;
    const x = i % width;
    rows.fill(1, i - Math.min(x, REACH), i + Math.min(width - 1 - x, REACH) + 1);
  }
  for (let i = 0; i < data.length; i++) {
    if (rows[i] === 0) continue;
    for (let dy = -REACH; dy <= REACH; dy++) {
      const j = i + dy * width;
      if (j >= 0 && j < width * height) near[j] = 1;
    }
  }
  return near;
}

function indicesOf(values: Uint8Array, wanted: number): Int32Array {
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) if (values[i] === wanted) found.push(i);
  return Int32Array.from(found);
}
