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

/** What a {@link Classifier} is made of. */
export interface ClassifierParts {
  readonly session: TensorSession;
  readonly manifest: Pick<ClassifierManifest, 'preprocessing' | 'output' | 'batching'>;
  /** In the order of the classes; may be empty. */
  readonly labels: readonly string[];
  /** Operator that makes the output `name` of the graph, for activation `auto`. */
  readonly producer: (name: string) => string | undefined;
}

/** A loaded classifier: pixels to input, batches through the graph, output to classes. */
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
   * Tries the graph out on test images and keeps what they show.
   * @throws AppError `MODEL_MISMATCH`, `PREPROCESSING_INVALID` or `LABELS_MISMATCH` (invalid) where graph and manifest do
   * not fit, and what a run throws
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

  /** Images that one run takes at most. */
  get maxBatch(): number {
    return this.#trial.maxBatch;
  }

  /**
   * Runs the graph on images that {@link preprocessor} wrote.
   * @param elements array of {@link Preprocessor.allocate} for exactly these images
   * @returns scores of each, in order
   */
  run(elements: ImageElements, images: number): Promise<Scores[]> {
    return this.#run(this.#input.feeds(elements, images), images);
  }

  /** Runs the graph on a ready input of one image. */
  runTensor(tensor: Tensor): Promise<Scores[]> {
    return this.#run(this.#input.feedsOf(tensor), 1);
  }

  /** @throws AppError `MODEL_OUTPUT_INVALID` */
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
