import type { z } from 'zod';
import type { FieldIssue } from '../errors/app-error.js';
import { givenText } from '../schemas/given.js';
import { nameChoicesOfUnions } from '../schemas/union-errors.js';
import { pointerOf } from './well-formed.js';

// Here, since whatever answers requests comes by this file, and the schemas of other folders are heard of in answers too.
nameChoicesOfUnions();

/**
 * What a schema found wrong, field by field, each with the value that was given where that may be repeated.
 * @param input what was checked
 * @param root pointer of the input itself
 */
export function fieldIssues(error: z.ZodError, input: unknown, root: string): FieldIssue[] {
  return error.issues.flatMap((issue) => {
    // An unknown field is reported at its own place, not at its parent's.
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        pointer: `${root}${pointerOf([...issue.path, key])}`,
        message: 'is not a known field',
        code: 'UNKNOWN_FIELD',
      }));
    }
    const pointer = `${root}${pointerOf(issue.path)}`;
    // Texts of unions name the value already.
    const given =
      issue.code === 'invalid_union' ? '' : givenText(valueAt(input, issue.path), [root, ...issue.path]);
    return [{ pointer, message: `${issue.message}${given}`, code: issue.code.toUpperCase() }];
  });
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}
