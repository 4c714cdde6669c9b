import type { ClassifyOptions } from '../../domain/network.js';
import type { Preprocessing } from '../../domain/preprocessing.js';
import type { Tensor, TensorInfo } from '../../domain/tensor.js';
import { AppError } from '../../errors/app-error.js';
import { modelMismatch, type TensorSession } from '../runtime/tensor-session.js';
import type { ClassifierManifest } from './classifier-manifest.js';
import { fromHalfBits } from './half-float.js';
import { resolvePreprocessing } from './resolve-preprocessing.js';
import { judgeScores, toProbabilities, type Activation, type JudgedScores } from './scores.js';
import { PICTURE_DTYPES, Tensoriser, type PictureDtype, type PictureElements } from './tensoriser.js';

/** What a {@link Classifier} is made of. */
export interface ClassifierParts {
  readonly session: TensorSession;
  readonly manifest: Pick<ClassifierManifest, 'preprocessing' | 'output' | 'batching'>;
  /** In the order of the classes; may be empty. */
  readonly labels: readonly string[];
  /** Operator that makes the output `name` of the graph, for activation `auto`. */
  readonly producer: (name: string) => string | undefined;
}

/** Scores of one picture as the network gave them. */
export type Scores = Float32Array | Float64Array;

/** Names under which exporters keep the batch's axis free. */
const isFree = (dim: number | string): dim is string => typeof dim === 'string';

/** A loaded network that tells classes: pixels to input, batches through the graph, output to classes. */
export class Classifier {
  readonly preprocessing: Preprocessing;
  readonly tensoriser: Tensoriser;
  /** Pictures that one run takes at most. */
  readonly maxBatch: number;
  readonly #parts: ClassifierParts;
  readonly #input: TensorInfo;
  readonly #output: TensorInfo;
  readonly #activation: Activation;
  /** Pictures in every run where the graph fixes it; null for a free batch. */
  readonly #fixedBatch: number | null;

  /** @throws AppError `MODEL_MISMATCH` or `PREPROCESSING_INVALID` (invalid) where graph and manifest do not fit */
  constructor(parts: ClassifierParts) {
    const { session, manifest } = parts;
    this.#parts = parts;
    this.#input = onlyInput(session.inputs);
    this.#output = chooseOutput(session.outputs, manifest.output.name);
    this.preprocessing = resolvePreprocessing(manifest.preprocessing, this.#input.dims);
    this.tensoriser = new Tensoriser(this.preprocessing, pictureDtype(this.#input));
    const [batch] = this.#input.dims;
    this.#fixedBatch = isFree(batch) ? null : batch;
    this.maxBatch = this.#fixedBatch ?? manifest.batching.maxBatch;
    const { activation } = manifest.output;
    this.#activation = activation === 'auto' ? this.#detectActivation() : activation;
  }

  /**
   * Runs the graph on pictures that {@link tensoriser} wrote.
   * @param elements array of {@link Tensoriser.allocate} for exactly these pictures
   * @returns scores of each, in order
   */
  async run(elements: PictureElements, pictures: number): Promise<Scores[]> {
    const batch = this.#fixedBatch ?? pictures;
    const padded = batch === pictures ? elements : this.#pad(elements, batch);
    return this.runTensor(this.#tensor(padded, batch), pictures);
  }

  /** Runs the graph on a ready input; `pictures` is how many rows of it count, all unless given. */
  async runTensor(tensor: Tensor, pictures = tensor.dims[0] ?? 1): Promise<Scores[]> {
    const outputs = await this.#parts.session.run({ [this.#input.name]: tensor });
    const values = toFloats(this.#output.name, outputs[this.#output.name]);
    const rows = tensor.dims[0] ?? 1;
    const classes = values.length / rows;
    if (!Number.isInteger(classes) || classes < 1) {
      throw modelMismatch(
        `The network's output ${this.#output.name} has ${String(values.length)} values for ${String(rows)} pictures.`,
      );
    }
    return Array.from({ length: pictures }, (_, row) => values.subarray(row * classes, (row + 1) * classes));
  }

  /** Runs the graph once on black pictures: a wrong size may fail only deep inside, and labels must fit the classes. */
  async verify(pictures = 1): Promise<void> {
    const [scores] = await this.run(this.tensoriser.allocate(pictures), pictures);
    const { labels } = this.#parts;
    if (labels.length > 0 && labels.length !== scores.length) {
      throw new AppError({
        code: 'LABELS_MISMATCH',
        kind: 'invalid',
        message: `There are ${String(labels.length)} labels, but the network tells ${String(scores.length)} classes.`,
        details: { expected: scores.length, given: labels.length },
      });
    }
  }

  /** @throws AppError `MODEL_OUTPUT_INVALID` */
  judge(scores: Scores, options: ClassifyOptions): JudgedScores {
    return judgeScores(toProbabilities(scores, this.#activation), this.#parts.labels, options);
  }

  #detectActivation(): Activation {
    const producer = this.#parts.producer(this.#output.name);
    if (producer === 'Softmax') return 'probabilities';
    return producer === 'Sigmoid' ? 'probabilities' : 'logits';
  }

  #tensor(data: PictureElements, batch: number): Tensor {
    const { shape, layout } = this.preprocessing;
    const { width, height, channels } = shape;
    const dims = layout === 'NCHW' ? [batch, channels, height, width] : [batch, height, width, channels];
    const { dtype } = this.tensoriser;
    // The tensoriser makes the array that belongs to its element type.
    return { dtype, dims, data } as Tensor;
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

function chooseOutput(outputs: readonly TensorInfo[], name: string | undefined): TensorInfo {
  const chosen = name === undefined ? outputs[0] : outputs.find((output) => output.name === name);
  if (chosen !== undefined) return chosen;
  const names = outputs.map((output) => output.name).join(', ');
  throw modelMismatch(`The network has no output ${name ?? ''}; it has ${names}.`);
}

function pictureDtype({ name, dtype }: TensorInfo): PictureDtype {
  const known = PICTURE_DTYPES.find((candidate) => candidate === dtype);
  if (known !== undefined) return known;
  throw modelMismatch(
    `The network's input ${name} is ${dtype}; pictures become ${PICTURE_DTYPES.join(', ')}.`,
  );
}

function toFloats(name: string, tensor: Tensor | undefined): Scores {
  if (tensor === undefined) throw modelMismatch(`The network gave no output ${name}.`);
  if (tensor.dtype === 'float32' || tensor.dtype === 'float64') return tensor.data;
  if (tensor.dtype === 'float16') return Float32Array.from(tensor.data, fromHalfBits);
  return Float64Array.from(tensor.data as Iterable<number | bigint>, Number);
}
