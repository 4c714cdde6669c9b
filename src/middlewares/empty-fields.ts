import { mayBeMissing, type FormBody } from '../schemas/request-body.js';

/**
 * Drops the empty fields of a form that need not be given. Browsers and Swagger UI also send fields that were not
 * filled in: a file that was not chosen and a text that was not written are empty, not wrong.
 */
export function withoutEmptyFields(values: unknown, { fields, files }: FormBody): unknown {
  if (typeof values !== 'object' || values === null) return values;
  const fileNames = new Set(files.map(({ name }) => name));
  return Object.fromEntries(
    Object.entries(values).filter(
      ([name, value]) => value !== '' || !(fileNames.has(name) || mayBeMissing(fields, name)),
    ),
  );
}
