import { z } from 'zod';
import { MAX_MASK_POINTS, MAX_MASK_SHAPES } from '../domain/mask-shapes.js';

/** Maximum size of the JSON of a mask in bytes. */
export const MAX_MASK_TEXT_BYTES = 256 * 1024;

/** Coordinates are compared with the image's size later, since it is not known yet. */
const coordinate = z.number().min(0).max(1_000_000);
const length = z.number().positive().max(1_000_000);
const points = z.array(z.tuple([coordinate, coordinate]));

const shape = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('rectangle'),
      x: coordinate.meta({ description: 'Left edge' }),
      y: coordinate.meta({ description: 'Upper edge' }),
      width: length,
      height: length,
    }),
    z.strictObject({
      type: z.literal('polygon'),
      points: points
        .min(3)
        .max(MAX_MASK_POINTS)
        .meta({ description: 'Corners; filled by the even-odd rule' }),
    }),
    z.strictObject({
      type: z.literal('stroke'),
      points: points.min(1).max(MAX_MASK_POINTS),
      width: length.meta({
        description: 'Width of the line; in fractions, of the shorter side of the image',
      }),
    }),
  ])
  .meta({ id: 'MaskShape' });

const pointsOf = (shapes: readonly z.output<typeof shape>[]): number =>
  shapes.reduce((sum, one) => sum + (one.type === 'rectangle' ? 0 : one.points.length), 0);

/** Largest value in fractions. */
const isFraction = (one: z.output<typeof shape>): boolean =>
  one.type === 'rectangle'
    ? [one.x, one.y, one.width, one.height].every((value) => value <= 1)
    : one.points.flat().every((value) => value <= 1) && (one.type === 'polygon' || one.width <= 1);

/** A mask as shapes, drawn by the server. */
const maskShapes = z
  .strictObject({
    unit: z.enum(['pixels', 'fractions']).default('pixels').meta({
      description: 'Unit of all coordinates; fractions are of the width and height of the image',
    }),
    shapes: z.array(shape).min(1).max(MAX_MASK_SHAPES),
  })
  .superRefine(({ unit, shapes }, context) => {
    const count = pointsOf(shapes);
    if (count > MAX_MASK_POINTS)
      context.addIssue({
        code: 'custom',
        path: ['shapes'],
        message: `has ${String(count)} points; at most ${String(MAX_MASK_POINTS)} are allowed`,
      });
    if (unit === 'pixels') return;
    for (const [index, one] of shapes.entries())
      if (!isFraction(one))
        context.addIssue({ code: 'custom', path: ['shapes', index], message: 'fractions are at most 1' });
  })
  .meta({
    id: 'MaskShapes',
    description: 'A pixel is hole if its centre lies inside a shape',
    example: { unit: 'pixels', shapes: [{ type: 'rectangle', x: 10, y: 10, width: 16, height: 12 }] },
  });

/** The field `mask` where it is sent as text: `alpha`, or shapes as JSON. */
export const maskText = z.union([
  z.literal('alpha').meta({ description: 'The transparent part of each image' }),
  maskShapes,
]);
