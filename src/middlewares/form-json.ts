import { AppError } from '../errors/app-error.js';
import { validationFailed } from '../errors/common-errors.js';
import { pointerOf } from '../errors/json-pointer.js';
import { findMalformed } from './well-formed.js';

/**
 * The JSON value that a text field of a form holds; the form's parser limits its length.
 * @throws AppError BAD_MULTIPART for what is no JSON, VALIDATION for names and values that no schema should have to think of
 */
export function parseFieldJson(value: unknown, field: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(String(value));
  } catch {
    throw new AppError({
      code: 'BAD_MULTIPART',
      kind: 'malformed',
      message: `The form cannot be read: the field "${field}" is no JSON value.`,
    });
  }
  const issues = findMalformed(parsed);
  if (issues.length > 0) {
    throw validationFailed(
      issues.map((issue) => ({ ...issue, pointer: `${pointerOf([field])}${issue.pointer}` })),
    );
  }
  return parsed;
}
