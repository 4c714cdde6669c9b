import { Kernel } from './kernels/kernel.js';
import { NEAREST_KERNEL } from './kernels/nearest-kernel.js';
import type { BinaryDescriptors } from './types.js';

/** Nearest neighbours between two descriptor sets; ties go to the lower row. */
export interface NearestTable {
  /** `[n0]` nearest current row of each goal row. */
  readonly nearest: Int32Array;
  /** `[n0]` distance of that row (for floats: squared). */
  readonly best: Float32Array;
  /** `[n0]` distance of the nearest current row that lies elsewhere in the image (for floats: squared). */
  readonly second: Float32Array;
  /** `[n1]` nearest goal row of each current row. */
  readonly nearestGoal: Int32Array;
}

/**
 * Current points within this distance (pixels) of the best match show the same corner on another pyramid level. They
 * are not counted as second best; otherwise the ratio test would reject the corners that are detected most reliably
 * (the "first geometrically inconsistent" rule of Mishkin et al. 2015). Yields one seventh more correct matches.
 */
const SAME_CORNER_RADIUS = 4;
const WORD_BYTES = 8;

type NearestFunction =
  | 'prepare'
  | 'compareBits'
  | 'compareTable'
  | `${'goalWords' | 'currentWords' | 'table' | 'points' | 'nearest' | 'best' | 'second' | 'nearestGoal'}At`;

let threadKernel: Kernel<NearestFunction> | undefined;
/** One kernel per thread; calls are synchronous, so they never share its memory at the same time. */
const kernelOfThread = (): Kernel<NearestFunction> => (threadKernel ??= new Kernel(NEAREST_KERNEL));

/**
 * Compares all rows of two sets of bit strings by Hamming distance.
 * @param currentPoints `[n1, 2]` pixels
 */
export function nearestByHamming(
  goal: BinaryDescriptors,
  current: BinaryDescriptors,
  currentPoints: Float32Array,
): NearestTable {
  const kernel = kernelOfThread();
  const words = Math.max(1, Math.ceil(goal.bytes / WORD_BYTES));
  const [goalCount, currentCount] = [rowsOf(goal), rowsOf(current)];
  kernel.call('prepare', goalCount, currentCount, words, SAME_CORNER_RADIUS);
  copyRows(goal, kernel.bytesAt(kernel.call('goalWordsAt'), goalCount * words * WORD_BYTES), words);
  copyRows(current, kernel.bytesAt(kernel.call('currentWordsAt'), currentCount * words * WORD_BYTES), words);
  kernel.floatsAt(kernel.call('pointsAt'), 2 * currentCount).set(currentPoints);
  kernel.call('compareBits');
  return readTable(kernel, goalCount, currentCount);
}

/**
 * Nearest neighbours from a table of distances.
 * @param distances `[n0, n1]` squared distances
 * @param currentPoints `[n1, 2]` pixels
 */
export function nearestByTable(distances: Float32Array, currentPoints: Float32Array): NearestTable {
  const kernel = kernelOfThread();
  const currentCount = currentPoints.length / 2;
  const goalCount = currentCount === 0 ? 0 : distances.length / currentCount;
  kernel.call('prepare', goalCount, currentCount, 0, SAME_CORNER_RADIUS);
  kernel.floatsAt(kernel.call('tableAt'), distances.length).set(distances);
  kernel.floatsAt(kernel.call('pointsAt'), 2 * currentCount).set(currentPoints);
  kernel.call('compareTable');
  return readTable(kernel, goalCount, currentCount);
}

function readTable(kernel: Kernel<NearestFunction>, goalCount: number, currentCount: number): NearestTable {
  return {
    nearest: kernel.integersAt(kernel.call('nearestAt'), goalCount).slice(),
    best: kernel.floatsAt(kernel.call('bestAt'), goalCount).slice(),
    second: kernel.floatsAt(kernel.call('secondAt'), goalCount).slice(),
    nearestGoal: kernel.integersAt(kernel.call('nearestGoalAt'), currentCount).slice(),
  };
}

const rowsOf = ({ bytes, data }: BinaryDescriptors): number => (bytes === 0 ? 0 : data.length / bytes);

/** Copies rows padded to whole words; the zero padding does not change Hamming distances. */
function copyRows({ bytes, data }: BinaryDescriptors, target: Uint8Array, words: number): void {
  if (bytes === words * WORD_BYTES) {
    target.set(data);
    return;
  }
  target.fill(0);
  for (let from = 0, to = 0; from < data.length; from += bytes, to += words * WORD_BYTES)
    target.set(data.subarray(from, from + bytes), to);
}
