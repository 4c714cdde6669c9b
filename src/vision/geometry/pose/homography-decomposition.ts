import { fromColumns, multiply, orthonormalise, rotate, transpose, type Mat3 } from '../rotation.js';
import { symmetricEigen3 } from '../symmetric-eigen3.js';
import { add, cross, scale, subtract, type Vec3 } from '../vector.js';
import type { RelativeView } from './relative-view.js';

/** A plane seen by two cameras: translation in units of the plane's distance from the goal camera. */
export interface PlanarView extends RelativeView {
  /** Unit normal in the goal frame, away from the goal camera: points of the plane have `normal . p = 1`. */
  readonly normal: Vec3;
}

/** Below this difference of the largest and smallest squared singular values, the motion is a pure rotation. */
const PURE_ROTATION = 1e-12;

/**
 * The relative views that are consistent with a calibrated homography `H ~ R + t n^T`, from its singular vectors (Ma,
 * Soatto, Kosecka and Sastry, An Invitation to 3-D Vision, 5.3.3): two views, each with both signs of the plane normal.
 * A pure rotation gives one view without translation.
 * @param homography with the sign that maps points in front of one camera to points in front of the other
 */
export function decomposeHomography(homography: Mat3): readonly PlanarView[] {
  const squares = symmetricEigen3(multiply(transpose(homography), homography)).values[1];
  if (!(squares > 0)) return [];
  const h = divide(homography, Math.sqrt(squares));
  const { values, vectors } = symmetricEigen3(multiply(transpose(h), h));
  const [largest, , smallest] = values;
  const range = largest - smallest;
  if (!(range > PURE_ROTATION))
    return [{ rotation: orthonormalise(h), translation: [0, 0, 0], normal: [0, 0, 1] }];
  const [v1, v2, v3] = vectors;
  // The sum and the difference of these are the directions whose length H preserves; H rotates the plane that each
  // spans with v2.
  const along = scale(v1, Math.sqrt(Math.max(0, 1 - smallest) / range));
  const aside = scale(v3, Math.sqrt(Math.max(0, largest - 1) / range));
  return [add(along, aside), subtract(along, aside)].flatMap((kept) => {
    const normal = cross(v2, kept);
    const [imageOfV2, imageOfKept] = [rotate(h, v2), rotate(h, kept)];
    const turned = fromColumns(imageOfV2, imageOfKept, cross(imageOfV2, imageOfKept));
    const rotation = multiply(turned, transpose(fromColumns(v2, kept, normal)));
    const translation = subtract(rotate(h, normal), rotate(rotation, normal));
    return [
      { rotation, translation, normal },
      { rotation, translation: scale(translation, -1), normal: scale(normal, -1) },
    ];
  });
}

function divide(m: Mat3, by: number): Mat3 {
  return [m[0] / by, m[1] / by, m[2] / by, m[3] / by, m[4] / by, m[5] / by, m[6] / by, m[7] / by, m[8] / by];
}
