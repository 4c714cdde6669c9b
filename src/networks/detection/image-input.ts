import type { ImageShape } from '../../domain/preprocessing.js';
import type { Tensor, TensorInfo } from '../../domain/tensor.js';
import { AppError } from '../../errors/app-error.js';
import type { Image } from '../../vision/image/image.js';
import { ImageInput } from '../preprocessing/image-input.js';
import type { CustomPreprocessing } from '../preprocessing/preprocessing-schema.js';
import { modelMismatch } from '../runtime/tensor-session.js';
import type { DetectorFamily, DetectorManifest } from './detector-manifest.js';
import type { InputSize } from './head.js';

/** Families whose networks are trained on stretched images; the others keep the aspect ratio. */
const STRETCHED: ReadonlySet<DetectorFamily> = new Set(['ssd', 'post_processed', 'detr']);
/** Grey of YOLO's letterbox, with which most networks are trained. */
const MARGIN: [number, number, number] = [114, 114, 114];
/** Luma weights of ITU-R BT.601, with which networks for grey images are trained. */
const LUMINANCE = [0.299, 0.587, 0.114] as const;

/** Placement of an image in a network's input. All values are whole pixels. */
interface Placement {
  /** Size of the whole image after resizing. */
  readonly whole: InputSize;
  /** The visible part of the resized image; with the resize rules of detectors that is all of it. */
  readonly part: InputSize & { readonly left: number; readonly top: number };
  /** Position of that part in the input. */
  readonly left: number;
  readonly top: number;
}

/**
 * Resizes an image to a network's input, three bytes per pixel, with the network's resize rule and
 * interpolation. Passed in, because resizing belongs to the media folder.
 */
export type FitImage = (
  image: Image,
  shape: ImageShape,
) => { readonly pixels: Uint8Array; readonly placement: Placement };

/** An image as input tensor, and its placement in the input. */
export interface PlacedImage {
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly placement: Placement;
}

/** Converts images to inputs of a detector's graph. */
export class DetectorInput {
  readonly #input: ImageInput;
  readonly #fit: FitImage;
  readonly #extra: Readonly<Record<string, Tensor>>;

  /**
   * @throws AppError `MODEL_MISMATCH` or `PREPROCESSING_INVALID` (invalid) when graph and manifest disagree
   */
  constructor(
    inputs: readonly TensorInfo[],
    manifest: Pick<DetectorManifest, 'preprocessing' | 'extraInputs' | 'head'>,
    fit: FitImage,
  ) {
    this.#fit = fit;
    const { extraInputs } = manifest;
    const isExtra = ({ name }: TensorInfo): boolean => extraInputs.some((extra) => extra.name === name);
    const images = inputs.filter((input) => !isExtra(input));
    if (images.length !== 1) {
      const names = inputs.map(({ name }) => name).join(', ');
      throw modelMismatch(
        `extraInputs: a detector has one input for the image, and all others must be listed here. The network's inputs are ${names}.`,
      );
    }
    this.#input = new ImageInput(images, wholeImage(manifest));
    const { size } = this;
    this.#extra = Object.fromEntries(
      extraInputs.map((extra) => [extra.name, extraTensor(extra, inputs, size)]),
    );
  }

  get size(): InputSize {
    const { width, height } = this.#shape;
    return { width, height };
  }

  get #shape(): ImageShape {
    return this.#input.preprocessing.shape;
  }

  /** Resizes an image and writes it into a tensor; of a fixed batch it is the first image. */
  place(image: Image): PlacedImage {
    const { width, height, data } = image;
    if (width < 1 || height < 1 || data.length !== width * height * 3) {
      throw new AppError('PICTURE_SHAPE', {
        message: `The image of ${String(width)}x${String(height)} has ${String(data.length)} bytes instead of 3 per pixel.`,
      });
    }
    const shape = this.#shape;
    const { pixels, placement } = this.#fit(image, shape);
    const elements = this.#input.preprocessor.allocate(1);
    this.#input.preprocessor.write(shape.channels === 1 ? toGrey(pixels) : pixels, elements, 0);
    return { feeds: { ...this.#input.feeds(elements, 1), ...this.#extra }, placement };
  }
}

/** The manifest's preprocessing, which must show the whole image. @throws AppError `PREPROCESSING_INVALID` */
function wholeImage({
  preprocessing,
  head,
}: Pick<DetectorManifest, 'preprocessing' | 'head'>): CustomPreprocessing {
  const custom: CustomPreprocessing =
    typeof preprocessing === 'string' ? { preset: preprocessing } : preprocessing;
  const stretched = head.family !== undefined && STRETCHED.has(head.family);
  const resize = custom.resize ?? (stretched ? { rule: 'stretch' } : { rule: 'letterbox', fill: MARGIN });
  if (resize.rule !== 'crop') return { ...custom, resize };
  const why = 'a detector needs the whole image, so the rule must be letterbox or stretch';
  throw new AppError('PREPROCESSING_INVALID', {
    message: `preprocessing/resize/rule: ${why}.`,
    issues: [{ pointer: '/preprocessing/resize/rule', code: 'PREPROCESSING_INVALID', message: why }],
  });
}

function toGrey(pixels: Uint8Array): Uint8Array {
  const [red, green, blue] = LUMINANCE;
  return Uint8Array.from({ length: pixels.length / 3 }, (_, pixel) =>
    Math.round(red * pixels[3 * pixel] + green * pixels[3 * pixel + 1] + blue * pixels[3 * pixel + 2]),
  );
}

/**
 * @throws AppError `MODEL_MISMATCH` for an input that the graph lacks or whose type does not support the
 *   values
 */
function extraTensor(
  { name, value }: DetectorManifest['extraInputs'][number],
  inputs: readonly TensorInfo[],
  { width, height }: InputSize,
): Tensor {
  const info = inputs.find((input) => input.name === name);
  if (info === undefined) throw modelMismatch(`The network has no input ${name}, which extraInputs lists.`);
  const sides = info.dims.length === 2 ? [1, 2] : [1, height, width];
  const dims = info.dims.map((dim, axis) => (typeof dim === 'number' ? dim : (sides[axis] ?? 1)));
  const length = dims.reduce((product, dim) => product * dim, 1);
  const at = value === 'ones' ? () => 1 : (index: number): number => (index % 2 === 0 ? height : width);
  switch (info.dtype) {
    case 'int64':
      return { dtype: 'int64', dims, data: BigInt64Array.from({ length }, (_, index) => BigInt(at(index))) };
    case 'float32':
      return { dtype: 'float32', dims, data: Float32Array.from({ length }, (_, index) => at(index)) };
    case 'bool':
      return { dtype: 'bool', dims, data: new Uint8Array(length).fill(1) };
    default:
      throw modelMismatch(
        `The network's input ${name} is ${info.dtype}; only int64, float32 and bool are supported.`,
      );
  }
}
