import { AppError } from '../../errors/app-error.js';
import { MAX_CANDIDATES } from './limits.js';

/** A box before duplicates are removed: corners in pixels of the network's input or of the image. */
export interface Candidate {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly score: number;
  readonly label: number;
}

/** Collects the candidates of one image that reach the threshold, and keeps the best ones. */
export class CandidateList {
  #found: Candidate[] = [];
  readonly #most: number;

  /**
   * @param threshold minimum score
   * @param most maximum number of candidates
   */
  constructor(
    readonly threshold: number,
    most: number = MAX_CANDIDATES,
  ) {
    this.#most = most;
  }

  /**
   * Whether a score reaches the threshold, so that its box needs decoding.
   * @throws AppError `MODEL_OUTPUT_INVALID` for NaN, which would compare like a low score and hide a broken
   *   network
   */
  reaches(score: number): boolean {
    if (Number.isNaN(score)) throw outputInvalid('contains a score that is not a number');
    return score >= this.threshold;
  }

  /** @throws AppError `MODEL_OUTPUT_INVALID` for a box with NaN */
  add(candidate: Candidate): void {
    const { left, top, right, bottom } = candidate;
    if (Number.isNaN(left + top + right + bottom)) {
      // Infinities of opposite signs also add up to NaN; such a box is invalid as well.
      throw outputInvalid('contains a box with a coordinate that is not a number');
    }
    this.#found.push(candidate);
    // Sorting only at twice the limit bounds the memory at low cost.
    if (this.#found.length >= 2 * this.#most) this.#keepBest();
  }

  /** In descending order of score; equal scores keep the order of the graph's output. */
  best(): readonly Candidate[] {
    this.#keepBest();
    return this.#found;
  }

  #keepBest(): void {
    this.#found.sort((a, b) => b.score - a.score);
    this.#found = this.#found.slice(0, this.#most);
  }
}

const outputInvalid = (what: string): AppError =>
  new AppError('MODEL_OUTPUT_INVALID', { message: `The network's output ${what}.` });
