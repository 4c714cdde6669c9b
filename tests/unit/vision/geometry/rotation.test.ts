import {
  fromQuaternion,
  fromRotationVector,
  IDENTITY,
  multiply,
  orthonormalise,
  rotate,
  rotateBack,
  rotationAngle,
  toQuaternion,
  toRotationVector,
  transpose,
  type Mat3,
} from '../../../../src/vision/geometry/rotation.js';
import {
  angleBetween,
  cross,
  length,
  normalise,
  scale,
  type Vec3,
} from '../../../../src/vision/geometry/vector.js';

const AXES: readonly Vec3[] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
  [0, 0, -1],
  normalise([1, 2, 3]),
  normalise([-3, 1, -2]),
  normalise([1, -1, 1e-6]),
];
const ANGLES = [1e-12, 1e-8, 9e-5, 1.1e-4, 0.01, 0.5, 2, 3.1, Math.PI - 1e-5, Math.PI - 1e-9];

const largestDifference = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i])));

describe('rotation vectors', () => {
  it('turns x into y by a quarter turn about z', () => {
    expect(
      largestDifference(fromRotationVector([0, 0, Math.PI / 2]), [0, -1, 0, 1, 0, 0, 0, 0, 1]),
    ).toBeLessThan(1e-15);
  });

  it('gives back every rotation vector up to half a turn, however small or near pi', () => {
    for (const axis of AXES) {
      for (const angle of ANGLES) {
        const vector = scale(axis, angle);
        const back = toRotationVector(fromRotationVector(vector));
        expect(largestDifference(back, vector)).toBeLessThan(1e-9 * Math.max(angle, 1e-3));
      }
    }
  });

  it('finds one of the two axes of a half turn', () => {
    for (const axis of AXES) {
      const [x, y, z] = axis;
      // Closed form of the half turn: 2 a a^T - I.
      const halfTurn: Mat3 = [
        2 * x * x - 1,
        2 * x * y,
        2 * x * z,
        2 * y * x,
        2 * y * y - 1,
        2 * y * z,
        2 * z * x,
        2 * z * y,
        2 * z * z - 1,
      ];
      const vector = toRotationVector(halfTurn);
      expect(length(vector)).toBeCloseTo(Math.PI, 12);
      expect(length(cross(vector, axis))).toBeLessThan(1e-7);
    }
  });

  it('takes the short way round beyond half a turn', () => {
    const back = toRotationVector(fromRotationVector([0, 3.5, 0]));
    expect(largestDifference(back, [0, 3.5 - 2 * Math.PI, 0])).toBeLessThan(1e-12);
  });

  it('gives proper rotations only', () => {
    for (const axis of AXES) {
      for (const angle of ANGLES) {
        const matrix = fromRotationVector(scale(axis, angle));
        expect(largestDifference(multiply(matrix, transpose(matrix)), IDENTITY)).toBeLessThan(1e-14);
        const handedness = rotate(matrix, cross([1, 0, 0], [0, 1, 0]));
        expect(
          largestDifference(handedness, cross(rotate(matrix, [1, 0, 0]), rotate(matrix, [0, 1, 0]))),
        ).toBeLessThan(1e-14);
      }
    }
  });

  it('adds angles about one axis', () => {
    const sum = multiply(fromRotationVector(scale(AXES[4], 0.3)), fromRotationVector(scale(AXES[4], 0.9)));
    expect(rotationAngle(sum)).toBeCloseTo(1.2, 12);
  });
});

describe('quaternions', () => {
  it('are cos and axis times sin of half the angle, with a scalar part that is not negative', () => {
    for (const axis of AXES) {
      for (const angle of [0.2, 1.9, 3.1]) {
        const [x, y, z] = scale(axis, Math.sin(angle / 2));
        const quaternion = toQuaternion(fromRotationVector(scale(axis, angle)));
        expect(largestDifference(quaternion, [Math.cos(angle / 2), x, y, z])).toBeLessThan(1e-12);
      }
    }
  });

  it('make the same matrix again whichever component is largest', () => {
    for (const vector of [
      [0.1, 0, 0],
      [3, 0.2, 0.1],
      [0.1, -3, 0.2],
      [0.2, 0.1, 3],
    ] satisfies Vec3[]) {
      const matrix = fromRotationVector(vector);
      expect(largestDifference(fromQuaternion(toQuaternion(matrix)), matrix)).toBeLessThan(1e-14);
    }
  });
});

describe('rotateBack', () => {
  it('undoes rotate', () => {
    const matrix = fromRotationVector([0.4, -1, 2]);
    expect(largestDifference(rotateBack(matrix, rotate(matrix, [1, 2, 3])), [1, 2, 3])).toBeLessThan(1e-14);
  });
});

describe('orthonormalise', () => {
  it('removes drift and keeps a rotation as it is', () => {
    const matrix = fromRotationVector([0.4, -1, 2]);
    expect(largestDifference(orthonormalise(matrix), matrix)).toBeLessThan(1e-14);
    const [a, b, c, d, e, f, g, h, i] = matrix;
    const repaired = orthonormalise([a + 1e-4, b, c - 1e-4, d, e + 1e-4, f, g, h, i]);
    expect(largestDifference(multiply(repaired, transpose(repaired)), IDENTITY)).toBeLessThan(1e-14);
    expect(largestDifference(repaired, matrix)).toBeLessThan(5e-4);
  });
});

describe('angleBetween', () => {
  it('keeps its precision near 0 and near pi', () => {
    const tilted: Vec3 = [Math.cos(1e-7), Math.sin(1e-7), 0];
    expect(angleBetween([5, 0, 0], tilted)).toBeCloseTo(1e-7, 15);
    expect(angleBetween([-5, 0, 0], tilted)).toBeCloseTo(Math.PI - 1e-7, 12);
  });

  it('is null where a direction is missing', () => {
    expect(angleBetween([0, 0, 0], [1, 0, 0])).toBeNull();
    expect(angleBetween([1, 0, 0], [0, 0, 0])).toBeNull();
  });
});
