import { mayBeMissing, type FormBody } from '../schemas/request-body.js';

/**
 * Removes empty optional fields of a form. Browsers and Swagger UI also send fields that were not filled in,
 * as an empty text or an empty file.
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
