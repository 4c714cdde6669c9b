/** Pivots below this mean that the equations are linearly dependent. */
const MIN_PIVOT = 1e-10;

/**
 * Solves `size` linear equations given as rows `[a_1 .. a_size | b]` by Gaussian elimination with partial pivoting.
 * Writes to `solution`; returns `false` when there is no unique solution. `equations` is overwritten.
 */
export function solveLinear(equations: Float64Array, solution: Float64Array, size: number): boolean {
  const width = size + 1;
  for (let step = 0; step < size; step++) {
    let pivot = step;
    for (let r = step + 1; r < size; r++) {
      if (Math.abs(equations[r * width + step]) > Math.abs(equations[pivot * width + step])) pivot = r;
    }
    if (!(Math.abs(equations[pivot * width + step]) > MIN_PIVOT)) return false;
    for (let c = step; c < width; c++) {
      const kept = equations[step * width + c];
      equations[step * width + c] = equations[pivot * width + c];
      equations[pivot * width + c] = kept;
    }
    for (let r = step + 1; r < size; r++) {
      const factor = equations[r * width + step] / equations[step * width + step];
      if (factor === 0) continue;
      for (let c = step; c < width; c++) equations[r * width + c] -= factor * equations[step * width + c];
    }
  }
  for (let i = size - 1; i >= 0; i--) {
    let value = equations[i * width + size];
    for (let k = i + 1; k < size; k++) value -= equations[i * width + k] * solution[k];
    solution[i] = value / equations[i * width + i];
  }
  return true;
}
