import type { ClassifyOptions } from '../../domain/network.js';
import type { Preprocessing } from '../../domain/preprocessing.js';
import type { Tensor } from '../../domain/tensor.js';
import { modelMismatch, type TensorSession } from '../runtime/tensor-session.js';
import type { ClassifierManifest } from './classifier-manifest.js';
import { ImageInput } from '../preprocessing/image-input.js';
import { judgeScores, toProbabilities, type JudgedScores } from './scores.js';
import type { ImageElements, Preprocessor } from '../preprocessing/preprocessor.js';
import { toScores, probeClassifier, type Scores, type ProbeResult } from './probe-classifier.js';

export type { Scores } from './probe-classifier.js';

/** Parts of a {@link Classifier}. */
export interface ClassifierParts {
  readonly session: TensorSession;
  readonly manifest: Pick<ClassifierManifest, 'preprocessing' | 'output' | 'batching'>;
  /** In class order; may be empty. */
  readonly labels: readonly string[];
  /** Returns the operator that computes the output `name` of the graph, for activation `auto`. */
  readonly producer: (name: string) => string | undefined;
}

/** A loaded classifier: converts pixels to input tensors, runs batches, and converts outputs to classes. */
export class Classifier {
  readonly #parts: ClassifierParts;
  readonly #input: ImageInput;
  readonly #trial: ProbeResult;

  private constructor(parts: ClassifierParts, input: ImageInput, trial: ProbeResult) {
    this.#parts = parts;
    this.#input = input;
    this.#trial = trial;
  }

  /**
   * Probes the graph with test images and keeps the detected properties.
   * @throws AppError `MODEL_MISMATCH`, `PREPROCESSING_INVALID` or `LABELS_MISMATCH` (invalid) when graph and
   *   manifest disagree, and errors of the run
   */
  static async open(parts: ClassifierParts): Promise<Classifier> {
    const input = new ImageInput(parts.session.inputs, parts.manifest.preprocessing);
    return new Classifier(parts, input, await probeClassifier({ ...parts, input }));
  }

  get preprocessing(): Preprocessing {
    return this.#input.preprocessing;
  }

  get preprocessor(): Preprocessor {
    return this.#input.preprocessor;
  }

  /** Maximum number of images per run. */
  get maxBatch(): number {
    return this.#trial.maxBatch;
  }

  /**
   * Runs the graph on images written by {@link preprocessor}.
   * @param elements array of {@link Preprocessor.allocate} for exactly this number of images
   * @returns the scores of each image, in order
   */
  run(elements: ImageElements, images: number): Promise<Scores[]> {
    return this.#run(this.#input.feeds(elements, images), images);
  }

  /** Runs the graph on a preprocessed tensor of one image. */
  runTensor(tensor: Tensor): Promise<Scores[]> {
    return this.#run(this.#input.feedsOf(tensor), 1);
  }

  /** Converts scores to classes. @throws AppError `MODEL_OUTPUT_INVALID` */
  judge(scores: Scores, options: ClassifyOptions): JudgedScores {
    return judgeScores(toProbabilities(scores, this.#trial.activation), this.#parts.labels, options);
  }

  async #run(feeds: Readonly<Record<string, Tensor>>, images: number): Promise<Scores[]> {
    const { output, classes } = this.#trial;
    const outputs = await this.#parts.session.run(feeds, [output]);
    const values = toScores(output, outputs[output]);
    const rows = this.#input.fixedBatch ?? images;
    if (values.length !== rows * classes) {
      throw modelMismatch(
        `The network's output ${output} has ${String(values.length)} values for ${String(rows)} images of ${String(classes)} classes.`,
      );
    }
    return Array.from({ length: images }, (_, row) => values.subarray(row * classes, (row + 1) * classes));
  }
}
