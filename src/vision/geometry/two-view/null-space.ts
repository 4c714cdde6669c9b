/** Pivots below this mean dependent rows: repeated or collinear points. */
const MIN_PIVOT = 1e-8;

const ROWS = 7;
const COLUMNS = 9;

/**
 * Two vectors that span the null space of a 7x9 matrix (Gauss-Jordan elimination with full pivoting); `null` when its
 * rank is below seven. `matrix` is overwritten.
 */
export function nullSpaceOfSeven(matrix: Float64Array): readonly [Float64Array, Float64Array] | null {
  const columnOf = Int32Array.from({ length: COLUMNS }, (_, c) => c);
  for (let step = 0; step < ROWS; step++) {
    const pivot = largestFrom(matrix, step);
    if (Math.abs(matrix[pivot]) < MIN_PIVOT) return null;
    swapRows(matrix, step, Math.floor(pivot / COLUMNS));
    swapColumns(matrix, step, pivot % COLUMNS);
    [columnOf[step], columnOf[pivot % COLUMNS]] = [columnOf[pivot % COLUMNS], columnOf[step]];
    eliminate(matrix, step);
  }
  const first = new Float64Array(COLUMNS);
  const second = new Float64Array(COLUMNS);
  for (let r = 0; r < ROWS; r++) {
    first[columnOf[r]] = -matrix[r * COLUMNS + 7];
    second[columnOf[r]] = -matrix[r * COLUMNS + 8];
  }
  first[columnOf[7]] = 1;
  second[columnOf[8]] = 1;
  return [first, second];
}

/** Position of the largest element right of and below the diagonal element of `step`. */
function largestFrom(matrix: Float64Array, step: number): number {
  let position = step * COLUMNS + step;
  for (let r = step; r < ROWS; r++) {
    for (let c = step; c < COLUMNS; c++) {
      if (Math.abs(matrix[r * COLUMNS + c]) > Math.abs(matrix[position])) position = r * COLUMNS + c;
    }
  }
  return position;
}

function swapRows(matrix: Float64Array, a: number, b: number): void {
  if (a === b) return;
  for (let c = 0; c < COLUMNS; c++) {
    const kept = matrix[a * COLUMNS + c];
    matrix[a * COLUMNS + c] = matrix[b * COLUMNS + c];
    matrix[b * COLUMNS + c] = kept;
  }
}

function swapColumns(matrix: Float64Array, a: number, b: number): void {
  if (a === b) return;
  for (let r = 0; r < ROWS; r++) {
    const kept = matrix[r * COLUMNS + a];
    matrix[r * COLUMNS + a] = matrix[r * COLUMNS + b];
    matrix[r * COLUMNS + b] = kept;
  }
}

/** Makes the pivot one and everything else in its column zero. */
function eliminate(matrix: Float64Array, step: number): void {
  const top = step * COLUMNS;
  const inverse = 1 / matrix[top + step];
  for (let c = step; c < COLUMNS; c++) matrix[top + c] *= inverse;
  for (let r = 0; r < ROWS; r++) {
    const factor = matrix[r * COLUMNS + step];
    if (r === step || factor === 0) continue;
    for (let c = step; c < COLUMNS; c++) matrix[r * COLUMNS + c] -= factor * matrix[top + c];
  }
}
