import {
  distort,
  undistort,
  type Distortion,
  type PlanePoint,
} from '../../../../src/vision/geometry/lens.js';

/**
 * Pixels of OpenCV's own formulas, written out from its documentation (calib3d, `projectPoints`; fisheye,
 * `projectPoints`) term by term: nothing of it is shared with the code under test.
 */
function opencvPixel(lens: Distortion, [x, y]: PlanePoint): PlanePoint {
  const c = [...lens.coefficients, 0, 0, 0, 0, 0, 0, 0, 0];
  if (lens.model === 'equidistant') {
    const r = Math.sqrt(x ** 2 + y ** 2);
    const theta = Math.atan(r);
    const thetaD = theta + c[0] * theta ** 3 + c[1] * theta ** 5 + c[2] * theta ** 7 + c[3] * theta ** 9;
    return r === 0 ? [0, 0] : [(thetaD / r) * x, (thetaD / r) * y];
  }
  const [k1, k2, p1, p2, k3, k4, k5, k6] = c;
  const r2 = x ** 2 + y ** 2;
  const radial = (1 + k1 * r2 + k2 * r2 ** 2 + k3 * r2 ** 3) / (1 + k4 * r2 + k5 * r2 ** 2 + k6 * r2 ** 3);
  return [
    x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x ** 2),
    y * radial + p1 * (r2 + 2 * y ** 2) + 2 * p2 * x * y,
  ];
}

/** Calibrations of real cameras: a webcam, a wide-angle, a tele with pincushion, depth cameras, a fisheye. */
const LENSES: readonly (readonly [string, Distortion, reach: number])[] = [
  ['a webcam', { model: 'plumb_bob', coefficients: [0.134462, -0.311908, 0.002304, 0.003083] }, 0.7],
  ['a wide angle', { model: 'plumb_bob', coefficients: [-0.3, 0.1, 0.001, -0.002, -0.02] }, 1],
  ['a pincushion', { model: 'plumb_bob', coefficients: [0.25, 0.05, 0, 0, 0] }, 1.2],
  [
    'a depth camera',
    { model: 'rational_polynomial', coefficients: [0.52, -2.66, 0.00099, -0.00006, 1.5, 0.4, -2.48, 1.43] },
    0.8,
  ],
  ['a fisheye', { model: 'equidistant', coefficients: [-0.013, 0.026, -0.021, 0.005] }, 5],
  ['no bend at all', { model: 'plumb_bob', coefficients: [] }, 5],
];

/** A grid over a square of the plane, corners included. */
function grid(reach: number): PlanePoint[] {
  const steps = Array.from({ length: 21 }, (_, i) => (i / 10 - 1) * reach * Math.SQRT1_2);
  return steps.flatMap((x) => steps.map((y): PlanePoint => [x, y]));
}

describe('the lens of', () => {
  it.each(LENSES)('%s shows points where OpenCV does', (_, lens, reach) => {
    for (const point of grid(reach)) {
      const [u, v] = opencvPixel(lens, point);
      const [x, y] = distort(lens, point);
      expect(Math.hypot(x - u, y - v)).toBeLessThan(1e-12);
    }
  });

  it.each(LENSES)('%s is taken off to less than a thousandth of a pixel', (_, lens, reach) => {
    for (const point of grid(reach)) {
      const found = undistort(lens, opencvPixel(lens, point));
      if (found === null) throw new Error(`no inverse at ${String(point)}`);
      // Seen through a lens of 1000 pixels.
      expect(1000 * Math.hypot(found[0] - point[0], found[1] - point[1])).toBeLessThan(1e-3);
    }
  });
});

describe('a point that a lens cannot have shown', () => {
  /** r (1 - 0.4 r^2) rises up to r = 0.913, where it is 0.609, and folds the image beyond. */
  const folding: Distortion = { model: 'plumb_bob', coefficients: [-0.4, 0, 0, 0] };

  it('has no place on the plane', () => {
    expect(undistort(folding, [0.62, 0])).toBeNull();
    expect(undistort(folding, [5, -7])).toBeNull();
    expect(undistort(folding, [NaN, 0])).toBeNull();
  });

  it('is never found beyond the fold, where a second one is shown at the same place', () => {
    for (let r = 0.05; r < 0.6; r += 0.05) {
      const [x] = undistort(folding, [r, 0]) ?? [NaN];
      expect(x).toBeGreaterThan(0);
      expect(x).toBeLessThan(0.913);
      expect(x * (1 - 0.4 * x * x)).toBeCloseTo(r, 8);
    }
  });

  it('is left out where a fisheye shows what lies beside the camera', () => {
    const fisheye: Distortion = { model: 'equidistant', coefficients: [0, 0, 0, 0] };
    const at = (degrees: number) => undistort(fisheye, [(degrees * Math.PI) / 180, 0]);
    expect(at(75)?.[0]).toBeCloseTo(Math.tan((75 * Math.PI) / 180), 6);
    expect([at(85), at(95), at(170)]).toEqual([null, null, null]);
  });

  it.each([
    ['plumb_bob', [1e5, -1e5, 1e3, -1e3, 1e5]],
    ['plumb_bob', [-1e5, 0, 0, 0, 0]],
    ['rational_polynomial', [1, 1, 0, 0, 1, -100, 5, -1e5]],
    ['equidistant', [-1e4, 1e4, -1e4, 1e4]],
  ] as const)('does not matter to a calibration that failed: %s %j', (model, coefficients) => {
    for (const point of grid(2)) {
      const found = undistort({ model, coefficients }, point);
      if (found !== null) expect(found.every(Number.isFinite)).toBe(true);
    }
  });
});
