import { z } from 'zod';
import { nearestName } from './nearest-name.js';

/** Maximum known fields listed in a message. */
const MAX_LISTED = 40;
/** Maximum unknown fields per object that are compared with the known ones: a body may have a hundred thousand. */
const MAX_COMPARED = 10;

/** Fields of an object schema, also inside defaults, refinements and similar wrappers; `null` for other schemas. */
function shapeOf(schema: unknown): Readonly<Record<string, unknown>> | null {
  if (schema instanceof z.ZodObject) return schema.shape;
  if (schema instanceof z.ZodPipe) return shapeOf(schema.def.in);
  const wrapped =
    schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault;
  return wrapped ? shapeOf(schema.def.innerType) : null;
}

/** Suggests `parameters.startFrame` for a `startFrame` outside `parameters`. */
function nestedName(name: string, shape: Readonly<Record<string, unknown>>): string | undefined {
  const parent = Object.keys(shape).find((field) => Object.hasOwn(shapeOf(shape[field]) ?? {}, name));
  return parent && `${parent}.${name}`;
}

/**
 * Messages for unknown fields: the known field that was probably meant, and all known ones.
 * @param schema schema of the object that contains them
 */
export function unknownFieldTexts(names: readonly string[], schema: unknown): string[] {
  const shape = shapeOf(schema) ?? {};
  const known = Object.keys(shape);
  const listed = known.slice(0, MAX_LISTED).join(', ') + (known.length > MAX_LISTED ? ', …' : '');
  return names.map((name, index) => {
    if (index >= MAX_COMPARED) return 'is not a known field';
    const meant = nestedName(name, shape) ?? nearestName(name, known);
    const hint = meant === undefined ? '' : ` Did you mean "${meant}"?`;
    const all = known.length === 0 ? 'No fields are known here.' : `Known are: ${listed}.`;
    return `is not a known field.${hint} ${all}`;
  });
}
