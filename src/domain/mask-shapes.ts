import { AppError, type FieldIssue } from '../errors/app-error.js';

/** Maximum number of shapes of one mask. */
export const MAX_MASK_SHAPES = 200;
/** Maximum number of points in all polygons and strokes of one mask. */
export const MAX_MASK_POINTS = 5000;

/** A point as x from the left and y from the top. */
export type MaskPoint = readonly [x: number, y: number];

/** A shape to be filled. */
export type MaskShape =
  | {
      readonly type: 'rectangle';
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
    }
  /** Closed; where it overlaps itself an even number of times it is no hole. */
  | { readonly type: 'polygon'; readonly points: readonly MaskPoint[] }
  /** A line with round ends and corners; in fractions, the width is one of the image's shorter side. */
  | { readonly type: 'stroke'; readonly points: readonly MaskPoint[]; readonly width: number };

/** A mask described by shapes, for images of any size if in fractions. */
export interface MaskShapes {
  /** `fractions` are of the width and height of the image, 0 to 1. */
  readonly unit: 'pixels' | 'fractions';
  readonly shapes: readonly MaskShape[];
}

/** Size of an image in pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Rejects shapes that extend beyond the image; a stroke may with half of its width.
 * @throws AppError MASK_SHAPE_OUTSIDE naming the coordinate, its value and its limit
 */
export function requireShapesInside({ unit, shapes }: MaskShapes, size: Size): void {
  const limits = unit === 'fractions' ? { width: 1, height: 1 } : size;
  const issues = shapes.flatMap((shape, index) =>
    outsideOf(shape, limits).map(({ at, value, limit }): FieldIssue => ({
      pointer: `/mask/shapes/${String(index)}/${at}`,
      message: `${String(value)} is outside of the image, which ends at ${String(limit)} ${unit === 'pixels' ? 'pixels' : '(its whole side)'}`,
      code: 'MASK_SHAPE_OUTSIDE',
    })),
  );
  if (issues.length === 0) return;
  const { pointer, message } = issues[0];
  throw new AppError('MASK_SHAPE_OUTSIDE', {
    message: `${pointer}: ${message}.`,
    issues: issues.slice(0, MAX_ISSUES),
  });
}

const MAX_ISSUES = 20;

interface Outside {
  readonly at: string;
  readonly value: number;
  readonly limit: number;
}

function outsideOf(shape: MaskShape, { width, height }: Size): Outside[] {
  const check = (at: string, value: number, limit: number): Outside[] =>
    value >= 0 && value <= limit ? [] : [{ at, value, limit }];
  const checkSum = (at: string, value: number, limit: number): Outside[] =>
    value <= limit + ROUNDING ? [] : [{ at, value, limit }];
  if (shape.type === 'rectangle') {
    const { x, y } = shape;
    const corner = [...check('x', x, width), ...check('y', y, height)];
    if (corner.length > 0) return corner;
    return [...checkSum('width', x + shape.width, width), ...checkSum('height', y + shape.height, height)];
  }
  return shape.points.flatMap(([x, y], index) => [
    ...check(`points/${String(index)}/0`, x, width),
    ...check(`points/${String(index)}/1`, y, height),
  ]);
}

/** A sum such as 0.7 + 0.3 may exceed its exact value by a rounding error. */
const ROUNDING = 1e-9;

/** The shapes in pixels of an image of this size. */
export function shapesInPixels({ unit, shapes }: MaskShapes, { width, height }: Size): readonly MaskShape[] {
  if (unit === 'pixels') return shapes;
  const scaled = (points: readonly MaskPoint[]): MaskPoint[] =>
    points.map(([x, y]) => [x * width, y * height]);
  return shapes.map((shape): MaskShape => {
    switch (shape.type) {
      case 'rectangle':
        return {
          type: 'rectangle',
          x: shape.x * width,
          y: shape.y * height,
          width: shape.width * width,
          height: shape.height * height,
        };
      case 'polygon':
        return { type: 'polygon', points: scaled(shape.points) };
      case 'stroke':
        return { type: 'stroke', points: scaled(shape.points), width: shape.width * Math.min(width, height) };
    }
  });
}
