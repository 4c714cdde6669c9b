import { validationFailed } from '../errors/common-errors.js';
import { pointerOf } from '../errors/json-pointer.js';
import { findMalformed } from '../domain/well-formed.js';

/**
 * The JSON value that a text field of a form holds; the form's parser limits its length.
 * @returns the text itself for what is no JSON
 * @throws AppError VALIDATION for names and values that no schema should have to think of
 */
export function parseFieldJson(value: unknown, field: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(String(value));
  } catch {
    // It stays a text, so that the schema says what it should be.
    return value;
  }
  const issues = findMalformed(parsed);
  if (issues.length > 0) {
    throw validationFailed(
      issues.map((issue) => ({ ...issue, pointer: `${pointerOf([field])}${issue.pointer}` })),
    );
  }
  return parsed;
}
