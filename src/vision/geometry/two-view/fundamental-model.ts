import { realCubicRoots } from './cubic-roots.js';
import { determinant3, toUnitNorm, type Matrix3 } from './matrix3.js';
import { nullSpaceOfSeven } from './null-space.js';
import { pairLoops, type NearPairs } from './pair-loops.js';
import type { PointPairs } from './point-pairs.js';
import { smallestEigenvector } from './symmetric-eigen.js';
import type { TwoViewModel } from './two-view-model.js';

/**
 * Fundamental matrix F with `[u v 1] F [x y 1]^T = 0` (Hartley and Zisserman, 11): the relation of two views of any
 * rigid scene. Undetermined when the scene is planar or the motion is a pure rotation.
 */
export const FUNDAMENTAL: TwoViewModel = {
  name: 'fundamental',
  sampleSize: 7,
  fitMinimal: fitSeven,
  fitNear: fitEightOrMore,
};

const designMatrix = new Float64Array(7 * 9);
const row = new Float64Array(9);

/** Seven-point algorithm (Hartley and Zisserman 11.1.2): the singular matrices of a two-dimensional null space. */
function fitSeven(pairs: PointPairs, sample: Int32Array): readonly Matrix3[] {
  for (let k = 0; k < 7; k++) {
    fillRow(pairs.data, sample[k]);
    designMatrix.set(row, 9 * k);
  }
  const basis = nullSpaceOfSeven(designMatrix);
  if (basis === null) return [];
  const [first, second] = basis;
  const mix = (t: number): Matrix3 => first.map((value, k) => t * value + (1 - t) * second[k]);
  // det(mix(t)) is a cubic in t; four values give its coefficients.
  const at0 = determinant3(second);
  const at1 = determinant3(first);
  const atMinus1 = determinant3(mix(-1));
  const at2 = determinant3(mix(2));
  const quadratic = (at1 + atMinus1) / 2 - at0;
  const cubic = (at2 - 2 * at1 + at0 - 2 * quadratic) / 6;
  const linear = at1 - at0 - quadratic - cubic;
  return realCubicRoots([cubic, quadratic, linear, at0]).map(mix).filter(toUnitNorm);
}

/** Weighted eight-point algorithm; returns the nearest singular matrix. */
function fitEightOrMore(pairs: PointPairs, near: Omit<NearPairs, 'least'>): Matrix3 | null {
  const fundamental = pairLoops().fit('fundamental', pairs, { ...near, least: 8 });
  if (fundamental === null) return null;
  makeSingular(fundamental);
  return toUnitNorm(fundamental) ? fundamental : null;
}

function fillRow(data: Float64Array, i: number): void {
  const [x, y, u, v] = [data[4 * i], data[4 * i + 1], data[4 * i + 2], data[4 * i + 3]];
  row[0] = u * x;
  row[1] = u * y;
  row[2] = u;
  row[3] = v * x;
  row[4] = v * y;
  row[5] = v;
  row[6] = x;
  row[7] = y;
  row[8] = 1;
}

/** Removes the component along the right singular vector of the smallest singular value. */
function makeSingular(f: Matrix3): void {
  const gram = new Float64Array(9);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) gram[3 * i + j] = f[i] * f[j] + f[3 + i] * f[3 + j] + f[6 + i] * f[6 + j];
  }
  const [a, b, c] = smallestEigenvector(gram, 3);
  for (let i = 0; i < 9; i += 3) {
    const along = f[i] * a + f[i + 1] * b + f[i + 2] * c;
    f[i] -= along * a;
    f[i + 1] -= along * b;
    f[i + 2] -= along * c;
  }
}
