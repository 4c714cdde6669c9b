import { requireShapesInside } from '../../../src/domain/mask-shapes.js';

describe('requireShapesInside', () => {
  const rectangle = (unit: 'pixels' | 'fractions', x: number, width: number) => ({
    unit,
    shapes: [{ type: 'rectangle' as const, x, y: 0, width, height: 0.3 }],
  });
  const image = { width: 64, height: 48 };

  it('names the right edge of a rectangle that extends beyond the image', () => {
    expect(() => requireShapesInside(rectangle('pixels', 60, 10), image)).toThrow(
      '/mask/shapes/0/width: 70 is outside of the image, which ends at 64 pixels.',
    );
  });

  it('allows for rounding errors of sums', () => {
    expect(() => requireShapesInside(rectangle('fractions', 0.7 + 1e-10, 0.3), image)).not.toThrow();
  });
});
