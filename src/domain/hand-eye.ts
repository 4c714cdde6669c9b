/** Elements of a 4x4 matrix. */
const ELEMENTS = 16;
/** Tolerated deviation from orthonormality: calibrations are often written with three or four digits. */
const TOLERANCE = 5e-3;
/** Maximum translation in metres, longer than any robot arm. */
export const MAX_HAND_EYE_OFFSET = 100;

/**
 * Validates a camera pose in the tool's frame, 4x4 row-major. The matrix is not orthonormalised, so the tool's velocity
 * is exactly the twist transform by the given numbers.
 * @returns the fault, as the end of a sentence that begins with the field, or null
 */
export function handEyeFault(matrix: readonly number[]): string | null {
  if (matrix.length !== ELEMENTS || !matrix.every(Number.isFinite))
    return 'must be a 4x4 matrix: 16 finite numbers row by row';
  const at = (row: number, column: number): number => matrix[4 * row + column];
  if (at(3, 0) !== 0 || at(3, 1) !== 0 || at(3, 2) !== 0 || at(3, 3) !== 1)
    return 'must have 0, 0, 0, 1 as its last row';
  const rows = [0, 1, 2];
  const product = (a: number, b: number): number =>
    rows.reduce((sum, column) => sum + at(a, column) * at(b, column), 0);
  const orthonormal = rows.every((a) =>
    rows.every((b) => Math.abs(product(a, b) - (a === b ? 1 : 0)) <= TOLERANCE),
  );
  if (!orthonormal)
    return 'must have a rotation as its first three rows and columns: their rows are not orthonormal';
  const determinant =
    at(0, 0) * (at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1)) -
    at(0, 1) * (at(1, 0) * at(2, 2) - at(1, 2) * at(2, 0)) +
    at(0, 2) * (at(1, 0) * at(2, 1) - at(1, 1) * at(2, 0));
  if (determinant < 0) return 'must have a rotation, not a reflection: its determinant is negative';
  const far = rows.some((row) => Math.abs(at(row, 3)) > MAX_HAND_EYE_OFFSET);
  return far ? `must have its translation in metres, at most ${String(MAX_HAND_EYE_OFFSET)}` : null;
}
