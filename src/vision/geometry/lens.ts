/** Lens distortion by one of the models of ROS `sensor_msgs/CameraInfo`. */
export interface Distortion {
  readonly model: 'plumb_bob' | 'rational_polynomial' | 'equidistant';
  /** `plumb_bob`, `rational_polynomial`: k1 k2 p1 p2 [k3 [k4 k5 k6]]; `equidistant`: k1 k2 k3 k4. Missing ones are 0. */
  readonly coefficients: readonly number[];
}

/** A point on the plane one unit in front of the camera. */
export type PlanePoint = readonly [x: number, y: number];

/** Largest usable radius on the plane: 80 degrees off the optical axis. */
const MAX_RADIUS = Math.tan((80 * Math.PI) / 180);
/** Samples for finding the radius from which the distortion is no longer monotonic. */
const FOLD_STEPS = 400;
const MAX_ROUNDS = 50;
/** Convergence threshold on the plane: a millionth of a pixel at f = 1000. */
const CONVERGED = 1e-9;
/** Tolerance of the bisection over the radius; Newton's method then needs two or three iterations. */
const RADIUS_TOLERANCE = 1e-4;

/** Distortion with its polynomials as functions, and its invertible range. */
interface Lens {
  /** Distorted radius of a point at radius `r`, without tangential distortion. */
  radius(r: number): number;
  readonly p1: number;
  readonly p2: number;
  /** Largest `r` up to which `radius` is increasing. */
  readonly reach: number;
}

/** Cache: a process has few lenses, and each frame about a thousand points. */
const lenses = new WeakMap<Distortion, Lens>();

/**
 * Distorted position of a point, both on the plane, as computed by ROS `image_geometry` and OpenCV.
 *
 * `plumb_bob`, `rational_polynomial` (OpenCV `projectPoints`): with r^2 = x^2 + y^2 and
 * s = (1 + k1 r^2 + k2 r^4 + k3 r^6) / (1 + k4 r^2 + k5 r^4 + k6 r^6),
 * x' = s x + 2 p1 x y + p2 (r^2 + 2 x^2), y' = s y + p1 (r^2 + 2 y^2) + 2 p2 x y.
 * `equidistant` (OpenCV `fisheye`, Kannala and Brandt 2006): with t = atan r,
 * x' = x t (1 + k1 t^2 + k2 t^4 + k3 t^6 + k4 t^8) / r, and y' likewise.
 */
export function distort(distortion: Distortion, point: PlanePoint): PlanePoint {
  return bend(lensOf(distortion), point);
}

/**
 * Inverse of {@link distort}: bisection over the radius within the monotonic range, then Newton's method for the
 * tangential distortion. `null` for points beyond 80 degrees off the optical axis, outside the monotonic range, or
 * without a solution.
 */
export function undistort(distortion: Distortion, seen: PlanePoint): PlanePoint | null {
  const lens = lensOf(distortion);
  const target = Math.hypot(...seen);
  if (!Number.isFinite(target)) return null;
  if (target === 0 && lens.p1 === 0 && lens.p2 === 0) return [0, 0];
  const r = radiusAt(lens, target);
  // Tangential distortion may move a point just outside the range back into it.
  const start = r ?? lens.reach;
  const factor = target === 0 ? 1 : start / target;
  const found = refine(lens, seen, [seen[0] * factor, seen[1] * factor]);
  return found !== null && Math.hypot(...found) <= lens.reach ? found : null;
}

function lensOf(distortion: Distortion): Lens {
  const known = lenses.get(distortion);
  if (known !== undefined) return known;
  const [a = 0, b = 0, c = 0, d = 0, k3 = 0, k4 = 0, k5 = 0, k6 = 0] = distortion.coefficients;
  const lens =
    distortion.model === 'equidistant'
      ? { radius: equidistantRadius([a, b, c, d]), p1: 0, p2: 0 }
      : { radius: polynomialRadius([a, b, k3], [k4, k5, k6]), p1: c, p2: d };
  const made = { ...lens, reach: reachOf(lens.radius) };
  lenses.set(distortion, made);
  return made;
}

type Coefficients = readonly number[];

/** 1 + c1 q + c2 q^2 + ... */
const series = (coefficients: Coefficients, q: number): number =>
  1 + coefficients.reduceRight((sum, coefficient) => (sum + coefficient) * q, 0);

const polynomialRadius = (above: Coefficients, below: Coefficients) => (r: number) =>
  (r * series(above, r * r)) / series(below, r * r);

function equidistantRadius(coefficients: Coefficients) {
  return (r: number): number => {
    const angle = Math.atan(r);
    return angle * series(coefficients, angle * angle);
  };
}

/**
 * Largest radius up to which the distorted radius increases with a finite slope; beyond it two points have the same
 * image.
 */
function reachOf(radius: (r: number) => number): number {
  let last = 0;
  for (let step = 1; step <= FOLD_STEPS; step++) {
    // Finer steps near the axis, where most points are.
    const r = MAX_RADIUS * (step / FOLD_STEPS) ** 2;
    const shown = radius(r);
    if (!(shown > last)) return MAX_RADIUS * ((step - 1) / FOLD_STEPS) ** 2;
    last = shown;
  }
  return MAX_RADIUS;
}

/** Undistorted radius for a distorted one, by bisection; `null` outside the range of the lens. */
function radiusAt({ radius, reach }: Lens, target: number): number | null {
  if (!(radius(reach) >= target)) return null;
  let [low, high] = [0, reach];
  for (let round = 0; round < MAX_ROUNDS && high - low > RADIUS_TOLERANCE; round++) {
    const middle = (low + high) / 2;
    if (radius(middle) < target) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function bend({ radius, p1, p2 }: Lens, [x, y]: PlanePoint): PlanePoint {
  const square = x * x + y * y;
  const r = Math.sqrt(square);
  const scale = r < 1e-9 ? 1 : radius(r) / r;
  return [
    scale * x + 2 * p1 * x * y + p2 * (square + 2 * x * x),
    scale * y + p1 * (square + 2 * y * y) + 2 * p2 * x * y,
  ];
}

/** Step of the finite differences. */
const STEP = 1e-6;

/** Newton's method; `null` if it does not converge, or where the distortion reverses the orientation. */
function refine(lens: Lens, seen: PlanePoint, start: PlanePoint): PlanePoint | null {
  let [x, y] = start;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const [atX, atY] = bend(lens, [x, y]);
    const [restX, restY] = [seen[0] - atX, seen[1] - atY];
    if (Math.hypot(restX, restY) < CONVERGED) return [x, y];
    const [rightX, rightY] = bend(lens, [x + STEP, y]);
    const [downX, downY] = bend(lens, [x, y + STEP]);
    const [a, b, c, d] = [
      (rightX - atX) / STEP,
      (downX - atX) / STEP,
      (rightY - atY) / STEP,
      (downY - atY) / STEP,
    ];
    const determinant = a * d - b * c;
    if (!(determinant > 0)) return null;
    x += (d * restX - b * restY) / determinant;
    y += (a * restY - c * restX) / determinant;
  }
  return null;
}
