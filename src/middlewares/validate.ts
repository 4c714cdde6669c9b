import type { Request } from 'express';
import type { z } from 'zod';
import type { FieldIssue } from '../errors/app-error.js';
import { validationFailed } from '../errors/common-errors.js';
import type { Operation } from '../schemas/operation.js';
import { findMalformed, pointerOf } from './well-formed.js';

/** Where a value came from; only body issues have pointers that start at the root. */
type Source = 'params' | 'query' | 'body';

/** Validated input of an operation. */
export interface ValidatedInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

function toIssues(source: Source, error: z.ZodError): FieldIssue[] {
  const root = source === 'body' ? '' : `/${source}`;
  return error.issues.flatMap((issue) => {
    // An unknown field is reported at its own place, not at its parent's.
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        pointer: `${root}${pointerOf([...issue.path, key])}`,
        message: 'is not a known field',
        code: 'UNKNOWN_FIELD',
      }));
    }
    return [
      { pointer: `${root}${pointerOf(issue.path)}`, message: issue.message, code: issue.code.toUpperCase() },
    ];
  });
}

function check(source: Source, schema: z.ZodType | undefined, value: unknown, issues: FieldIssue[]): unknown {
  const malformed = findMalformed(value);
  if (malformed.length > 0) {
    const root = source === 'body' ? '' : `/${source}`;
    issues.push(...malformed.map((issue) => ({ ...issue, pointer: `${root}${issue.pointer}` })));
    return undefined;
  }
  if (schema === undefined) return value;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  issues.push(...toIssues(source, parsed.error));
  return undefined;
}

/**
 * Validates path, query and body of a request against its operation.
 * @throws AppError VALIDATION with every issue at once.
 */
export function validateInput(operation: Operation, request: Request, body: unknown): ValidatedInput {
  const issues: FieldIssue[] = [];
  const input = {
    params: check('params', operation.params, request.params, issues),
    query: check('query', operation.query, request.query, issues),
    body: operation.body === undefined ? undefined : check('body', operation.body, body, issues),
  };
  if (issues.length > 0) throw validationFailed(issues);
  return input;
}
