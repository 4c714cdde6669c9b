import type { MaskPoint, MaskShape } from '../../../src/domain/mask-shapes.js';
import { drawShapes } from '../../../src/media/mask-drawing.js';

/** The mask as rows of `#` and `.`. */
function rowsOf(shapes: readonly MaskShape[], width: number, height: number): string[] {
  const mask = drawShapes(shapes, { width, height });
  return Array.from({ length: height }, (_row, y) =>
    Array.from(mask.subarray(y * width, (y + 1) * width), (value) => (value === 255 ? '#' : '.')).join(''),
  );
}

/** Pixels whose centre satisfies a condition. */
function where(width: number, height: number, isInside: (x: number, y: number) => boolean): string[] {
  return Array.from({ length: height }, (_row, y) =>
    Array.from({ length: width }, (_pixel, x) => (isInside(x + 0.5, y + 0.5) ? '#' : '.')).join(''),
  );
}

/** Even-odd rule by counting the edges that a ray to the left crosses. */
const isInPolygon = (points: readonly MaskPoint[]) => (x: number, y: number) => {
  let crossings = 0;
  for (const [index, [x1, y1]] of points.entries()) {
    const [x2, y2] = points[(index + 1) % points.length];
    if (y1 > y === y2 > y) continue;
    if (x1 + ((y - y1) / (y2 - y1)) * (x2 - x1) <= x) crossings += 1;
  }
  return crossings % 2 === 1;
};

const distanceTo = ([x1, y1]: MaskPoint, [x2, y2]: MaskPoint, x: number, y: number): number => {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / length));
  return Math.hypot(x - x1 - along * dx, y - y1 - along * dy);
};

/** Numbers from 0 to 1, the same in every run. */
function numbers(): () => number {
  let state = 7;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

describe('drawShapes', () => {
  it('fills the pixels whose centres lie inside a rectangle', () => {
    const whole = { type: 'rectangle', x: 1, y: 1, width: 3, height: 2 } as const;
    expect(rowsOf([whole], 6, 4)).toEqual(['......', '.###..', '.###..', '......']);
    const parts = { type: 'rectangle', x: 0.5, y: 0.6, width: 2, height: 2 } as const;
    // Centres at 0.5 (on the left edge: inside) to 2.5 (on the right edge: outside), and at 1.5 and 2.5.
    expect(rowsOf([parts], 4, 4)).toEqual(['....', '##..', '##..', '....']);
  });

  it('leaves nothing out between rectangles that share an edge', () => {
    const left = { type: 'rectangle', x: 0, y: 0, width: 2.5, height: 2 } as const;
    const right = { type: 'rectangle', x: 2.5, y: 0, width: 2.5, height: 2 } as const;
    expect(rowsOf([left, right], 5, 2)).toEqual(['#####', '#####']);
    expect(rowsOf([left], 5, 1)).toEqual(['##...']);
  });

  it('draws a rectangle and the polygon of its corners alike', () => {
    const points: MaskPoint[] = [
      [1.2, 0.5],
      [6.5, 0.5],
      [6.5, 4.5],
      [1.2, 4.5],
    ];
    const rectangle = { type: 'rectangle', x: 1.2, y: 0.5, width: 5.3, height: 4 } as const;
    expect(rowsOf([{ type: 'polygon', points }], 9, 7)).toEqual(rowsOf([rectangle], 9, 7));
  });

  it('fills polygons by the even-odd rule, whatever their corners', () => {
    const random = numbers();
    for (let run = 0; run < 40; run += 1) {
      const points = Array.from({ length: 3 + (run % 9) }, (): MaskPoint => [random() * 24, random() * 18]);
      expect(rowsOf([{ type: 'polygon', points }], 24, 18)).toEqual(where(24, 18, isInPolygon(points)));
    }
  });

  it('fills all within half of the width of a stroke, with round ends and corners', () => {
    const random = numbers();
    for (let run = 0; run < 40; run += 1) {
      const points = Array.from({ length: 1 + (run % 5) }, (): MaskPoint => [random() * 24, random() * 18]);
      const width = 0.5 + 7 * random();
      const isNear = (x: number, y: number): boolean =>
        points.some((point, index) => distanceTo(points[Math.max(0, index - 1)], point, x, y) <= width / 2);
      expect(rowsOf([{ type: 'stroke', points, width }], 24, 18)).toEqual(where(24, 18, isNear));
    }
  });

  it.each([
    [
      'horizontal',
      [
        [1.5, 2.5],
        [4.5, 2.5],
      ],
    ],
    [
      'vertical',
      [
        [2.5, 1.5],
        [2.5, 3.5],
      ],
    ],
  ] as [string, MaskPoint[]][])('draws a %s line one pixel wide', (_what, points) => {
    const near = (x: number, y: number): boolean => distanceTo(points[0], points[1], x, y) <= 0.5;
    expect(rowsOf([{ type: 'stroke', points, width: 1 }], 6, 5)).toEqual(where(6, 5, near));
  });

  it('keeps the hole where shapes overlap', () => {
    const one = { type: 'rectangle', x: 0, y: 0, width: 3, height: 3 } as const;
    expect(rowsOf([one, one, { ...one, x: 1 }], 5, 3)).toEqual(['####.', '####.', '####.']);
  });
});
