const SIZE = 9;

/** Adds `weight * row row^T` to the lower triangle of a 9x9 matrix. */
export function addOuterProduct9(matrix: Float64Array, row: Float64Array, weight: number): void {
  for (let i = 0; i < SIZE; i++) {
    const scaled = weight * row[i];
    if (scaled === 0) continue;
    for (let j = 0; j <= i; j++) matrix[SIZE * i + j] += scaled * row[j];
  }
}
