import { shrink, shrinkKnown } from '../../image/area-resize.js';
import { holeDepth } from '../hole-distance.js';
import type { Image, FloatImage } from '../../image/image.js';
import { textureActivity } from '../texture-channels.js';
import type { LevelInput } from './completion-level.js';
import { TEXTURE_WEIGHT, VOTED, type PatchSettings } from './settings.js';
import { HOLE, type Mask } from '../../image/mask.js';

const MAX_LEVELS = 12;

/** An image, its hole, and a guide image for the hole; all of the same size. */
export interface CompletionInput {
  readonly image: Image;
  readonly hole: Mask;
  /** Only pixels in the hole are read. */
  readonly guide: Image;
}

/** Image pyramid; each level is resampled from full size, which is level 0. */
export class CompletionPyramid {
  readonly sizes: readonly { readonly width: number; readonly height: number }[];
  readonly #known: FloatImage;
  readonly #weight: Float32Array;
  readonly #guide: FloatImage;
  readonly #hole: Mask;

  constructor(input: CompletionInput, settings: PatchSettings) {
    this.#hole = input.hole;
    this.#known = votedChannels(input);
    this.#weight = Float32Array.from(input.hole.data, (value) => (value > 0 ? 0 : 1));
    this.#guide = mergeGuide(input);
    this.sizes = levelSizes(input.hole, settings);
  }

  /** Initial content of a level; a pixel is a hole when less than half of its area is known. */
  level(index: number): LevelInput {
    if (index === 0) return { known: this.#known, hole: this.#hole, guide: this.#guide };
    const size = this.sizes[index];
    const { image, weight } = shrinkKnown({ image: this.#known, weight: this.#weight }, size);
    const hole = { ...size, data: Uint8Array.from(weight, (value) => (value < 0.5 ? HOLE : 0)) };
    return { known: image, hole, guide: shrink(this.#guide, size) };
  }
}

function levelSizes(hole: Mask, settings: PatchSettings): { width: number; height: number }[] {
  const depth = holeDepth(hole);
  const sizes = [{ width: hole.width, height: hole.height }];
  let scale = 1;
  while (depth * scale > settings.coarsestDepth && sizes.length < MAX_LEVELS) {
    scale *= settings.step;
    const size = { width: Math.round(hole.width * scale), height: Math.round(hole.height * scale) };
    if (Math.min(size.width, size.height) < settings.shortestSide) break;
    sizes.push(size);
  }
  return sizes;
}

function votedChannels({ image, hole }: CompletionInput): FloatImage {
  const { width, height } = image;
  const activity = textureActivity(image, hole);
  const data = new Float32Array(width * height * VOTED);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) data[i * VOTED + c] = image.data[i * 3 + c];
    data[i * VOTED + 3] = activity[i * 2] * TEXTURE_WEIGHT;
    data[i * VOTED + 4] = activity[i * 2 + 1] * TEXTURE_WEIGHT;
  }
  return { width, height, data };
}

function mergeGuide({ image, hole, guide }: CompletionInput): FloatImage {
  const data = new Float32Array(image.data.length);
  for (let i = 0; i < data.length; i++) {
    data[i] = hole.data[Math.floor(i / 3)] === 0 ? image.data[i] : guide.data[i];
  }
  return { width: image.width, height: image.height, data };
}
