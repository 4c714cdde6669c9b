import { AppError } from '../../errors/app-error.js';
import { MAX_CANDIDATES } from './limits.js';

/** A box before duplicates are removed: corners in pixels of the network's input, or of the image. */
export interface Candidate {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly score: number;
  readonly label: number;
}

/** Collects the candidates of one image that reach the threshold; of more than `most`, the best ones stay. */
export class CandidateList {
  #found: Candidate[] = [];
  readonly #most: number;

  /**
   * @param threshold least score
   * @param most candidates that are kept
   */
  constructor(
    readonly threshold: number,
    most: number = MAX_CANDIDATES,
  ) {
    this.#most = most;
  }

  /**
   * Whether a score is worth decoding its box.
   * @throws AppError `MODEL_OUTPUT_INVALID` for NaN: it compares like a low score and would hide a broken network
   */
  reaches(score: number): boolean {
    if (Number.isNaN(score)) throw outputInvalid('holds a score that is not a number');
    return score >= this.threshold;
  }

  /** @throws AppError `MODEL_OUTPUT_INVALID` for a box with NaN */
  add(candidate: Candidate): void {
    const { left, top, right, bottom } = candidate;
    if (Number.isNaN(left + top + right + bottom)) {
      // Infinities of both signs add up to NaN as well; such a box has no place either.
      throw outputInvalid('holds a box that is not made of numbers');
    }
    this.#found.push(candidate);
    // Sorting at twice the size keeps the memory bounded at the cost of a comparison per candidate.
    if (this.#found.length >= 2 * this.#most) this.#keepBest();
  }

  /** Best first; equal scores keep the order of the graph's output. */
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
