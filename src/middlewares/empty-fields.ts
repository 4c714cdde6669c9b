import { z } from 'zod';
import type { Operation } from '../schemas/operation.js';

/**
 * Drops the empty fields of a form that need not be given. Browsers and Swagger UI send those too that nobody has
 * filled in: a file that was not chosen and a text that was not written are empty, not wrong.
 */
export function withoutEmptyFields(
  fields: unknown,
  { body, files = [] }: Pick<Operation, 'body' | 'files'>,
): unknown {
  if (typeof fields !== 'object' || fields === null) return fields;
  const fileNames = new Set(files.map(({ name }) => name));
  const shape = body instanceof z.ZodObject ? body.shape : {};
  const mayBeMissing = (name: string): boolean =>
    fileNames.has(name) || (Object.hasOwn(shape, name) && shape[name].safeParse(undefined).success);
  return Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => value !== '' || !mayBeMissing(name)),
  );
}
