import type { Preprocessing } from '../../domain/preprocessing.js';
import type { Tensor, TensorInfo } from '../../domain/tensor.js';
import { modelMismatch } from '../runtime/tensor-session.js';
import type { PreprocessingSpec } from './preprocessing-schema.js';
import { resolvePreprocessing } from './resolve-preprocessing.js';
import { PICTURE_DTYPES, Tensoriser, type PictureDtype, type PictureElements } from './tensoriser.js';

/** Whole numbers that black and white must be apart at least, or rounding leaves nothing of a picture. */
const LEAST_LEVELS = 32;

/** Names under which exporters keep the batch's axis free. */
const isFree = (dim: number | string): dim is string => typeof dim === 'string';

/** The one input of a classifier: how pictures become a tensor of it. */
export class PictureInput {
  readonly preprocessing: Preprocessing;
  readonly tensoriser: Tensoriser;
  /** Pictures in every run where the graph fixes it; null for a free batch. */
  readonly fixedBatch: number | null;
  readonly #info: TensorInfo;

  /** @throws AppError `MODEL_MISMATCH` or `PREPROCESSING_INVALID` (invalid) where graph and manifest do not fit */
  constructor(inputs: readonly TensorInfo[], preprocessing: PreprocessingSpec) {
    this.#info = onlyInput(inputs);
    const { name, dims } = this.#info;
    this.preprocessing = resolvePreprocessing(preprocessing, dims);
    this.tensoriser = new Tensoriser(this.preprocessing, pictureDtype(this.#info));
    requireLevels(this.#info, this.preprocessing);
    const [batch] = dims;
    if (batch === 0) throw modelMismatch(`The network's input ${name} takes 0 pictures.`);
    this.fixedBatch = isFree(batch) ? null : batch;
  }

  /**
   * Feeds of one run.
   * @param elements array of {@link Tensoriser.allocate} for exactly so many pictures; filled up to a fixed batch
   */
  feeds(elements: PictureElements, pictures: number): Readonly<Record<string, Tensor>> {
    const batch = this.fixedBatch ?? pictures;
    const { shape, layout } = this.preprocessing;
    const { width, height, channels } = shape;
    const dims = layout === 'NCHW' ? [batch, channels, height, width] : [batch, height, width, channels];
    const { dtype } = this.tensoriser;
    const data = batch === pictures ? elements : this.#pad(elements, batch);
    // The tensoriser makes the array that belongs to its element type.
    return { [this.#info.name]: { dtype, dims, data } as Tensor };
  }

  /** Feeds of one run on a ready tensor of one picture; one that does not fit is left for the session to refuse. */
  feedsOf(tensor: Tensor): Readonly<Record<string, Tensor>> {
    const { data, dtype } = tensor;
    const fits = dtype === this.tensoriser.dtype && data.length === this.tensoriser.elements;
    if (this.fixedBatch === null || this.fixedBatch === 1 || !fits) return { [this.#info.name]: tensor };
    return this.feeds(data, 1);
  }

  #pad(elements: PictureElements, batch: number): PictureElements {
    const padded = this.tensoriser.allocate(batch);
    padded.set(elements);
    return padded;
  }
}

function onlyInput(inputs: readonly TensorInfo[]): TensorInfo {
  if (inputs.length === 1) return inputs[0];
  const names = inputs.map(({ name }) => name).join(', ');
  throw modelMismatch(`A classifier has one input, this network has ${String(inputs.length)}: ${names}.`);
}

function pictureDtype({ name, dtype }: TensorInfo): PictureDtype {
  const known = PICTURE_DTYPES.find((candidate) => candidate === dtype);
  if (known !== undefined) return known;
  throw modelMismatch(
    `The network's input ${name} is ${dtype}; pictures become ${PICTURE_DTYPES.join(', ')}.`,
  );
}

/** Networks of whole numbers want pixels as they are: a mean and a deviation would leave them three or four levels. */
function requireLevels({ name, dtype }: TensorInfo, { factor, shift }: Preprocessing): void {
  if (dtype !== 'uint8' && dtype !== 'int8') return;
  const low = Math.min(...shift);
  const high = Math.max(...shift.map((value, channel) => value + 255 * factor[channel]));
  if (high - low >= LEAST_LEVELS) return;
  const range = `values from ${low.toFixed(2)} to ${high.toFixed(2)}`;
  throw modelMismatch(
    `The network's input ${name} is ${dtype}, but its preprocessing makes ${range}; "raw" makes 0 to 255.`,
  );
}
