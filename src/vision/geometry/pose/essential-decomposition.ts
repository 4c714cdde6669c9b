import { fromColumns, multiply, rotate, transpose, type Mat3 } from '../rotation.js';
import { symmetricEigen3 } from '../symmetric-eigen3.js';
import { cross, dot, normalise, scale, subtract, type Vec3 } from '../vector.js';
import type { RelativeView } from './relative-view.js';

const QUARTER_TURN: Mat3 = [0, -1, 0, 1, 0, 0, 0, 0, 1];

/**
 * The four views that an essential matrix `c^T E g = 0`, `E = [t]x R`, stands for, translation at length one (Hartley and
 * Zisserman 9.6.2). E may be noisy: the nearest one with singular values (1, 1, 0) is meant.
 */
export function decomposeEssential(essential: Mat3): readonly RelativeView[] {
  const [v1, v2, v3] = symmetricEigen3(multiply(transpose(essential), essential)).vectors;
  const u1 = normalise(rotate(essential, v1));
  const along = rotate(essential, v2);
  // The left vectors of a noisy matrix are orthogonal up to rounding only; Gram-Schmidt makes them so.
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
