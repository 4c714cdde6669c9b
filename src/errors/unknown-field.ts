import { z } from 'zod';
import { nearestName } from './nearest-name.js';

/** Known fields that a message lists. */
const MOST_LISTED = 40;
/** Unknown fields of one object that are compared with the known ones: a body may hold a hundred thousand. */
const MOST_COMPARED = 10;

/** The fields of an object's schema, also behind defaults, refinements and the like; null for schemas of other values. */
function shapeOf(schema: unknown): Readonly<Record<string, unknown>> | null {
  if (schema instanceof z.ZodObject) return schema.shape;
  if (schema instanceof z.ZodPipe) return shapeOf(schema.def.in);
  const wrapped =
    schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault;
  return wrapped ? shapeOf(schema.def.innerType) : null;
}

/** `parameters.startFrame` for a `startFrame` that stands outside of `parameters`. */
function nestedName(name: string, shape: Readonly<Record<string, unknown>>): string | undefined {
  const parent = Object.keys(shape).find((field) => Object.hasOwn(shapeOf(shape[field]) ?? {}, name));
  return parent && `${parent}.${name}`;
}

/**
 * What is said of each field that a schema does not know: the known field that was probably meant, and all known ones.
 * @param schema the schema of the object in which they stand
 */
export function unknownFieldTexts(names: readonly string[], schema: unknown): string[] {
  const shape = shapeOf(schema) ?? {};
  const known = Object.keys(shape);
  const listed = known.slice(0, MOST_LISTED).join(', ') + (known.length > MOST_LISTED ? ', …' : '');
  return names.map((name, index) => {
    if (index >= MOST_COMPARED) return 'is not a known field';
    const meant = nestedName(name, shape) ?? nearestName(name, known);
    const hint = meant === undefined ? '' : ` Did you mean "${meant}"?`;
    const all = known.length === 0 ? 'No fields are known here.' : `Known are: ${listed}.`;
    return `is not a known field.${hint} ${all}`;
  });
}
