/** 3x3 matrix in row-major order, double precision. */
export type Matrix3 = Float64Array;

/** Matrix product `a b`. */
export function multiply3(a: ArrayLike<number>, b: ArrayLike<number>): Matrix3 {
  const product = new Float64Array(9);
  for (let r = 0; r < 3; r++) {
    for (let c = 0; c < 3; c++) {
      product[3 * r + c] = a[3 * r] * b[c] + a[3 * r + 1] * b[3 + c] + a[3 * r + 2] * b[6 + c];
    }
  }
  return product;
}

/** Transpose. */
export function transpose3(m: Matrix3): Matrix3 {
  return Float64Array.of(m[0], m[3], m[6], m[1], m[4], m[7], m[2], m[5], m[8]);
}

/** Determinant. */
export function determinant3(m: ArrayLike<number>): number {
  return (
    m[0] * (m[4] * m[8] - m[5] * m[7]) -
    m[1] * (m[3] * m[8] - m[5] * m[6]) +
    m[2] * (m[3] * m[7] - m[4] * m[6])
  );
}

/** Scales a matrix to Frobenius norm 1, in place; returns `false` when it is zero or not finite. */
export function toUnitNorm(m: Float64Array): boolean {
  let squares = 0;
  for (const value of m) squares += value * value;
  if (!(squares > 0) || !Number.isFinite(squares)) return false;
  const factor = 1 / Math.sqrt(squares);
  for (let k = 0; k < m.length; k++) m[k] *= factor;
  return true;
}
