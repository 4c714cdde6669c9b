import { solveNormalEquations } from '../geometry/normal-equations.js';

/** Points on the normalised plane and their desired displacements, by index. */
export interface PointMotions {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly dx: Float64Array;
  readonly dy: Float64Array;
}

const UNKNOWNS = 6;

/**
 * The camera velocity (vx, vy, vz, wx, wy, wz) that moves points by given displacements within one second, at depth 1,
 * by weighted least squares; `null` when the points do not determine it.
 *
 * With the two rows of a point's interaction matrix (Chaumette and Hutchinson, Visual Servo Control I)
 * `a = (-1, 0, x, xy, -(1 + x^2), y)` and `b = (0, -1, y, 1 + y^2, -xy, -x)`, all sums of products `a a^T + b b^T`
 * follow from eleven moments of the points, which takes a tenth of the work of accumulating rows.
 * @param weights `[n]` of the points
 */
export function interactionFit({ x, y, dx, dy }: PointMotions, weights: Float64Array): number[] | null {
  let [one, sx, sy, sxx, sxy, syy] = [0, 0, 0, 0, 0, 0];
  // Moments with r^2 = x^2 + y^2.
  let [xr, yr, xyr, xxr, yyr] = [0, 0, 0, 0, 0];
  const right = new Float64Array(UNKNOWNS);
  let [r0, r1, r2, r3, r4, r5] = right;
  for (let i = 0; i < weights.length; i++) {
    const [w, px, py, ex, ey] = [weights[i], x[i], y[i], dx[i], dy[i]];
    const [wx, wy] = [w * px, w * py];
    const square = px * px + py * py;
    one += w;
    sx += wx;
    sy += wy;
    sxx += wx * px;
    sxy += wx * py;
    syy += wy * py;
    xr += wx * square;
    yr += wy * square;
    xyr += wx * py * square;
    xxr += wx * px * square;
    yyr += wy * py * square;
    const along = px * ex + py * ey;
    r0 -= w * ex;
    r1 -= w * ey;
    r2 += w * along;
    r3 += w * (py * along + ey);
    r4 -= w * (px * along + ex);
    r5 += w * (py * ex - px * ey);
  }
  right.set([r0, r1, r2, r3, r4, r5]);
  // prettier-ignore
  const lower = Float64Array.of(
    one, 0, 0, 0, 0, 0,
    0, one, 0, 0, 0, 0,
    -sx, -sy, sxx + syy, 0, 0, 0,
    -sxy, -one - syy, yr + sy, yyr + 2 * syy + one, 0, 0,
    one + sxx, sxy, -xr - sx, -xyr - 2 * sxy, xxr + 2 * sxx + one, 0,
    -sy, sx, 0, -sx, -sy, sxx + syy,
  );
  return solveNormalEquations(lower, right);
}
