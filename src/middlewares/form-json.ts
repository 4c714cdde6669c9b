import { validationFailed } from '../errors/common-errors.js';
import { pointerOf } from '../errors/json-pointer.js';
import { findMalformed } from '../domain/well-formed.js';

/**
 * The JSON value of a form's text field. The form parser limits its length.
 * @returns the text itself if it is not JSON
 * @throws AppError VALIDATION for JSON beyond the structural limits
 */
export function parseFieldJson(value: unknown, field: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(String(value));
  } catch {
    // The text is passed on, so that the schema reports what is expected.
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
