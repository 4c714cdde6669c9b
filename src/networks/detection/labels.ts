import { listLabels } from '../../domain/detection.js';
import { AppError } from '../../errors/app-error.js';
import { MAX_CLASSES } from './limits.js';

/** Facts about a network's classes. */
export interface ClassFacts {
  /** Number of classes without the background; null if only the outputs determine it. */
  readonly classes: number | null;
  /** Position of the background among the score columns. */
  readonly background: 'first' | 'last' | 'none';
}

/** Names of a network's classes, without the background. */
export class Labels {
  /** All labels of the manifest if the number of classes is unknown. */
  readonly names: readonly string[];
  readonly #classes: number | null;

  /**
   * @param given labels of the manifest, with or without one for the background; may be empty
   * @throws AppError `LABELS_MISMATCH` (invalid) when their number differs from the number of classes
   */
  constructor(given: readonly string[], { classes, background }: ClassFacts) {
    this.#classes = classes;
    this.names = classes === null ? given : completed(given, classes, background);
  }

  /** Whether the network may return this class. If the number of classes is unknown, any may occur. */
  isPossible(index: number): boolean {
    return Number.isInteger(index) && index >= 0 && index < (this.#classes ?? MAX_CLASSES);
  }

  nameOf(index: number): string {
    return this.names.at(index) ?? numbered(index);
  }

  /** @throws AppError `LABELS_UNKNOWN` (invalid) listing the labels that the network does not have */
  indicesOf(labels: readonly string[]): ReadonlySet<number> {
    const unknown = labels.filter((label) => !this.names.includes(label));
    if (unknown.length === 0) {
      return new Set(this.names.flatMap((name, index) => (labels.includes(name) ? [index] : [])));
    }
    throw new AppError('LABELS_UNKNOWN', {
      message: `The network does not know the label ${listLabels(unknown)}; it knows ${listLabels(this.names)}.`,
    });
  }
}

function completed(
  given: readonly string[],
  classes: number,
  background: ClassFacts['background'],
): readonly string[] {
  if (given.length === 0) return Array.from({ length: classes }, (_, index) => numbered(index));
  if (given.length === classes) return given;
  if (background !== 'none' && given.length === classes + 1) {
    return background === 'first' ? given.slice(1) : given.slice(0, -1);
  }
  throw new AppError('LABELS_MISMATCH', {
    message: `There are ${String(given.length)} labels, but the network has ${String(classes)} classes.`,
    details: { expected: classes, given: given.length },
  });
}

const numbered = (index: number): string => `class_${String(index)}`;
