import type { Preprocessing } from '../../domain/preprocessing.js';
import type { Tensor, TensorInfo } from '../../domain/tensor.js';
import { modelMismatch } from '../runtime/tensor-session.js';
import type { PreprocessingSpec } from './preprocessing-schema.js';
import { resolvePreprocessing } from './resolve-preprocessing.js';
import { IMAGE_DTYPES, Preprocessor, type ImageDtype, type ImageElements } from './preprocessor.js';

/**
 * Minimum difference between black and white for integer inputs; with less, rounding would destroy the image.
 */
const MIN_LEVELS = 32;

/** Exporters give dynamic batch dimensions a name. */
const isFree = (dim: number | string): dim is string => typeof dim === 'string';

/** The single image input of a classifier. */
export class ImageInput {
  readonly preprocessing: Preprocessing;
  readonly preprocessor: Preprocessor;
  /** Batch size fixed by the graph; null for a dynamic batch. */
  readonly fixedBatch: number | null;
  readonly #info: TensorInfo;

  /**
   * @throws AppError `MODEL_MISMATCH` or `PREPROCESSING_INVALID` (invalid) when graph and manifest disagree
   */
  constructor(inputs: readonly TensorInfo[], preprocessing: PreprocessingSpec) {
    this.#info = onlyInput(inputs);
    const { name, dims } = this.#info;
    this.preprocessing = resolvePreprocessing(preprocessing, dims);
    this.preprocessor = new Preprocessor(this.preprocessing, imageDtype(this.#info));
    requireLevels(this.#info, this.preprocessing);
    const [batch] = dims;
    if (batch === 0) throw modelMismatch(`The network's input ${name} takes 0 images.`);
    this.fixedBatch = isFree(batch) ? null : batch;
  }

  /**
   * Feeds of one run.
   * @param elements array of {@link Preprocessor.allocate} for exactly this number of images; padded to a
   *   fixed batch
   */
  feeds(elements: ImageElements, images: number): Readonly<Record<string, Tensor>> {
    const batch = this.fixedBatch ?? images;
    const { shape, layout } = this.preprocessing;
    const { width, height, channels } = shape;
    const dims = layout === 'NCHW' ? [batch, channels, height, width] : [batch, height, width, channels];
    const { dtype } = this.preprocessor;
    const data = batch === images ? elements : this.#pad(elements, batch);
    // The preprocessor allocates the array type that belongs to its element type.
    return { [this.#info.name]: { dtype, dims, data } as Tensor };
  }

  /** Feeds of one run for a preprocessed tensor of one image; the session rejects one that does not fit. */
  feedsOf(tensor: Tensor): Readonly<Record<string, Tensor>> {
    const { data, dtype } = tensor;
    const fits = dtype === this.preprocessor.dtype && data.length === this.preprocessor.elements;
    if (this.fixedBatch === null || this.fixedBatch === 1 || !fits) return { [this.#info.name]: tensor };
    return this.feeds(data, 1);
  }

  #pad(elements: ImageElements, batch: number): ImageElements {
    const padded = this.preprocessor.allocate(batch);
    padded.set(elements);
    return padded;
  }
}

function onlyInput(inputs: readonly TensorInfo[]): TensorInfo {
  if (inputs.length === 1) return inputs[0];
  const names = inputs.map(({ name }) => name).join(', ');
  throw modelMismatch(
    `A classifier must have one input, but this network has ${String(inputs.length)}: ${names}.`,
  );
}

function imageDtype({ name, dtype }: TensorInfo): ImageDtype {
  const known = IMAGE_DTYPES.find((candidate) => candidate === dtype);
  if (known !== undefined) return known;
  throw modelMismatch(
    `The network's input ${name} is ${dtype}; supported for images: ${IMAGE_DTYPES.join(', ')}.`,
  );
}

/**
 * Rejects preprocessing with a mean and deviation for integer inputs, which would leave only three or four
 * levels.
 */
function requireLevels({ name, dtype }: TensorInfo, { factor, shift }: Preprocessing): void {
  if (dtype !== 'uint8' && dtype !== 'int8') return;
  const low = Math.min(...shift);
  const high = Math.max(...shift.map((value, channel) => value + 255 * factor[channel]));
  if (high - low >= MIN_LEVELS) return;
  const range = `values from ${low.toFixed(2)} to ${high.toFixed(2)}`;
  throw modelMismatch(
    `The network's input ${name} is ${dtype}, but its preprocessing produces ${range}; "raw" produces 0 to 255.`,
  );
}
