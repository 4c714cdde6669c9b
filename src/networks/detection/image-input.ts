import type { ImageShape } from '../../domain/preprocessing.js';
import type { Tensor, TensorInfo } from '../../domain/tensor.js';
import { AppError } from '../../errors/app-error.js';
import type { Image } from '../../vision/image/image.js';
import { ImageInput } from '../preprocessing/image-input.js';
import type { CustomPreprocessing } from '../preprocessing/preprocessing-schema.js';
import { modelMismatch } from '../runtime/tensor-session.js';
import type { DetectorFamily, DetectorManifest } from './detector-manifest.js';
import type { InputSize } from './head.js';

/** Families whose networks are trained on stretched images; the others keep the proportions. */
const STRETCHED: ReadonlySet<DetectorFamily> = new Set(['ssd', 'post_processed', 'detr']);
/** Grey of the margins in YOLO's letterbox, on which most networks are trained. */
const MARGIN: [number, number, number] = [114, 114, 114];
/** Weights of ITU-R BT.601, by which networks for grey images are trained. */
const LUMINANCE = [0.299, 0.587, 0.114] as const;

/** Where an image lies in a network's input. All in whole pixels. */
interface Placement {
  /** The whole image after resizing. */
  readonly whole: InputSize;
  /** The part of the resized image that is shown: all of it for the rules of detectors. */
  readonly part: InputSize & { readonly left: number; readonly top: number };
  /** Where that part lies in the input. */
  readonly left: number;
  readonly top: number;
}

/**
 * Brings an image to the size of a network's input, three bytes a pixel, by the network's rule and interpolation. It is
 * given from outside, as resizing belongs to the media side.
 */
export type FitImage = (
  image: Image,
  shape: ImageShape,
) => { readonly pixels: Uint8Array; readonly placement: Placement };

/** An image as input of the graph, and where in the input it lies. */
export interface PlacedImage {
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly placement: Placement;
}

/** How images become inputs of a detector's graph. */
export class DetectorInput {
  readonly #input: ImageInput;
  readonly #fit: FitImage;
  readonly #extra: Readonly<Record<string, Tensor>>;

  /** @throws AppError `MODEL_MISMATCH` or `PREPROCESSING_INVALID` (invalid) where graph and manifest do not fit */
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
        `A detector has one input for the image; the others have to be listed in extraInputs. The network's inputs are ${names}.`,
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

  /** Resizes an image and writes it into a tensor; of a fixed batch it is the first one. */
  place(image: Image): PlacedImage {
    const { width, height, data } = image;
    if (width < 1 || height < 1 || data.length !== width * height * 3) {
      throw new AppError('PICTURE_SHAPE', {
        message: `The image of ${String(width)}x${String(height)} has ${String(data.length)} bytes instead of 3 a pixel.`,
      });
    }
    const shape = this.#shape;
    const { pixels, placement } = this.#fit(image, shape);
    const elements = this.#input.preprocessor.allocate(1);
    this.#input.preprocessor.write(shape.channels === 1 ? toGrey(pixels) : pixels, elements, 0);
    return { feeds: { ...this.#input.feeds(elements, 1), ...this.#extra }, placement };
  }
}

/** The manifest's preprocessing with a rule that shows the whole image. @throws AppError `PREPROCESSING_INVALID` */
function wholeImage({
  preprocessing,
  head,
}: Pick<DetectorManifest, 'preprocessing' | 'head'>): CustomPreprocessing {
  const custom: CustomPreprocessing =
    typeof preprocessing === 'string' ? { preset: preprocessing } : preprocessing;
  const stretched = head.family !== undefined && STRETCHED.has(head.family);
  const resize = custom.resize ?? (stretched ? { rule: 'stretch' } : { rule: 'letterbox', fill: MARGIN });
  if (resize.rule !== 'crop') return { ...custom, resize };
  const why = 'a detector needs the whole image: the rule is letterbox or stretch';
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

/** @throws AppError `MODEL_MISMATCH` for an input that the graph does not have, or cannot hold such values */
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
        `The network's input ${name} is ${info.dtype}; int64, float32 and bool are possible.`,
      );
  }
}
