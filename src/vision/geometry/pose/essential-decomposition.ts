import { fromColumns, multiply, rotate, transpose, type Mat3 } from '../rotation.js';
import { symmetricEigen3 } from '../symmetric-eigen3.js';
import { cross, dot, normalise, scale, subtract, type Vec3 } from '../vector.js';
import type { RelativeView } from './relative-view.js';

const QUARTER_TURN: Mat3 = [0, -1, 0, 1, 0, 0, 0, 0, 1];

/**
 * The four relative views that are consistent with an essential matrix `c^T E g = 0`, `E = [t]x R`, with unit
 * translation (Hartley and Zisserman 9.6.2). A noisy E is treated as the nearest matrix with singular values (1, 1, 0).
 */
export function decomposeEssential(essential: Mat3): readonly RelativeView[] {
  const [v1, v2, v3] = symmetricEigen3(multiply(transpose(essential), essential)).vectors;
  const u1 = normalise(rotate(essential, v1));
  const along = rotate(essential, v2);
  // Rounding leaves the left singular vectors not quite orthogonal; Gram-Schmidt corrects it.
  const u2 = normalise(subtract(along, scale(u1, dot(along, u1))));
  const u3 = cross(u1, u2);
  const left = fromColumns(u1, u2, u3);
  const right = transpose(fromColumns(v1, v2, v3));
  const rotations = [QUARTER_TURN, transpose(QUARTER_TURN)].map((turn) =>
    multiply(multiply(left, turn), right),
  );
  const translations: readonly Vec3[] = [u3, scale(u3, -1)];
  return rotations.flatMap((rotation) => translations.map((translation) => ({ rotation, translation })));
}
