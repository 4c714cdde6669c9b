import type { z } from 'zod';
import type { FieldIssue } from './app-error.js';
import { givenText, valueAt } from './given-value.js';
import { pointerOf } from './json-pointer.js';
import { REQUIRED_TEXT, useOwnMessages } from './schema-messages.js';

// Called here because all code that reads schema errors imports this module.
useOwnMessages();

interface PlacedIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly code: string;
}

/** Lists each problem at its own location: an unknown field at the field, not at its parent. */
function placedIssues(error: z.ZodError, input: unknown, names: readonly PropertyKey[]): PlacedIssue[] {
  return error.issues.flatMap((issue): PlacedIssue[] => {
    const { path, message } = issue;
    if (issue.code === 'unrecognized_keys') {
      const lines = message.split('\n');
      return issue.keys.map((key, index) => ({
        path: [...path, key],
        message: lines[index],
        code: 'UNKNOWN_FIELD',
      }));
    }
    const value = valueAt(input, path);
    if (value === undefined && message.startsWith(REQUIRED_TEXT))
      return [{ path, message, code: 'REQUIRED' }];
    // Messages of unions already contain the value.
    const given = issue.code === 'invalid_union' ? '' : givenText(value, [...names, ...path]);
    return [{ path, message: `${message}${given}`, code: issue.code.toUpperCase() }];
  });
}

/**
 * Issues of a schema error by field, with the given value where it may be repeated.
 * @param input the validated input
 * @param root pointer of the input itself
 */
export function fieldIssues(error: z.ZodError, input: unknown, root: string): FieldIssue[] {
  return placedIssues(error, input, [root]).map(({ path, message, code }) => ({
    pointer: `${root}${pointerOf(path)}`,
    message,
    code,
  }));
}

/**
 * The same as text lines such as `preprocessing.mean: must be a list`, for files, settings and other input without
 * pointers.
 */
export function issueLines(error: z.ZodError, input: unknown): string[] {
  return placedIssues(error, input, []).map(({ path, message }) =>
    path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`,
  );
}
