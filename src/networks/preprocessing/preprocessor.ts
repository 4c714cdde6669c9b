import type { Preprocessing } from '../../domain/preprocessing.js';
import type { TensorArrays } from '../../domain/tensor.js';
import { AppError } from '../../errors/app-error.js';
import { toHalfBits } from '../runtime/half-float.js';

/** Supported element types of image inputs. */
export const IMAGE_DTYPES = ['float32', 'float16', 'uint8', 'int8'] as const;
/** See {@link IMAGE_DTYPES}. */
export type ImageDtype = (typeof IMAGE_DTYPES)[number];

/** Elements of one or more images. */
export type ImageElements = TensorArrays[ImageDtype];

const LEVELS = 256;

const clampRound = (value: number, low: number, high: number): number =>
  Math.min(high, Math.max(low, Math.round(value)));

const MAKE: Readonly<Record<ImageDtype, (length: number) => ImageElements>> = {
  float32: (length) => new Float32Array(length),
  float16: (length) => new Uint16Array(length),
  uint8: (length) => new Uint8Array(length),
  int8: (length) => new Int8Array(length),
};

const ELEMENT_OF: Readonly<Record<ImageDtype, (value: number) => number>> = {
  float32: (value) => value,
  float16: toHalfBits,
  uint8: (value) => clampRound(value, 0, 255),
  int8: (value) => clampRound(value, -128, 127),
};

/**
 * Converts pixels to a network's input. A channel has 256 possible values, so each channel uses a lookup
 * table of the network's element type; half precision is as fast as single precision.
 */
export class Preprocessor {
  /** Number of elements per image. */
  readonly elements: number;
  readonly #tables: readonly ImageElements[];
  readonly #preprocessing: Preprocessing;

  constructor(
    preprocessing: Preprocessing,
    readonly dtype: ImageDtype,
  ) {
    const { width, height, channels } = preprocessing.shape;
    this.elements = width * height * channels;
    this.#preprocessing = preprocessing;
    this.#tables = preprocessing.factor.map((factor, channel) => {
      const table = MAKE[dtype](LEVELS);
      for (let level = 0; level < LEVELS; level += 1) {
        table[level] = ELEMENT_OF[dtype](level * factor + preprocessing.shift[channel]);
      }
      return table;
    });
  }

  /** Allocates a zeroed array for a number of images. */
  allocate(images: number): ImageElements {
    return MAKE[this.dtype](this.elements * images);
  }

  /**
   * Writes one image at index `index` of an array from {@link allocate}.
   * @param pixels row by row, 1 byte per pixel for grey networks, otherwise R, G, B
   * @throws AppError `PICTURE_SHAPE` (internal) for another number of pixels
   */
  write(pixels: Uint8Array, target: ImageElements, index: number): void {
    if (pixels.length !== this.elements) {
      throw new AppError('PICTURE_SHAPE', {
        message: `The decoded image has ${String(pixels.length)} samples instead of ${String(this.elements)}.`,
      });
    }
    const { layout, channelOrder } = this.#preprocessing;
    const channels = this.#tables.length;
    const plane = this.elements / channels;
    const start = index * this.elements;
    this.#tables.forEach((table, channel) => {
      const from = channelOrder === 'BGR' ? channels - 1 - channel : channel;
      const [base, step] = layout === 'NCHW' ? [start + channel * plane, 1] : [start + channel, channels];
      for (let pixel = 0, source = from, at = base; pixel < plane; pixel += 1) {
        target[at] = table[pixels[source]];
        source += channels;
        at += step;
      }
    });
  }
}
