import type { Request } from 'express';
import type { z } from 'zod';
import type { FieldIssue } from '../errors/app-error.js';
import { validationFailed } from '../errors/common-errors.js';
import { fieldIssues } from '../errors/schema-issues.js';
import { pointerOf } from '../errors/json-pointer.js';
import { IDEMPOTENCY_HEADER, idempotencyKey, type Operation } from '../schemas/operation.js';
import { schemaOf, type RequestBody } from '../schemas/request-body.js';
import { findMalformed } from '../domain/well-formed.js';

/** Validated input of an operation. */
export interface ValidatedInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** What a value is checked against, and where it stands. */
interface Check {
  readonly schema: z.ZodType | undefined;
  readonly value: unknown;
  /** Pointer of the value itself. */
  readonly root: string;
  /** See {@link findMalformed}. */
  readonly apart?: readonly string[];
}

function check({ schema, value, root, apart }: Check, issues: FieldIssue[]): unknown {
  const malformed = findMalformed(value, apart);
  if (malformed.length > 0) {
    issues.push(...malformed.map((issue) => ({ ...issue, pointer: `${root}${issue.pointer}` })));
    return undefined;
  }
  if (schema === undefined) return value;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const found = fieldIssues(parsed.error, value, root);
  // Of a whole body that is missing, its own place says nothing.
  const missing = value === undefined && root === '';
  issues.push(...(missing ? [{ pointer: '', message: 'a body is required', code: 'REQUIRED' }] : found));
  return undefined;
}

/** A query of 16 KB has room for thousands of values, each of which a schema would look at. */
const MOST_REPEATS = 100;

function repeatedTooOften(query: Request['query']): FieldIssue[] {
  return Object.entries(query)
    .filter(([, value]) => Array.isArray(value) && value.length > MOST_REPEATS)
    .map(([name]) => ({
      pointer: `/query${pointerOf([name])}`,
      message: `is repeated more than ${String(MOST_REPEATS)} times`,
      code: 'TOO_COMPLEX',
    }));
}

/** Path, query and headers of a request, with what is wrong with them. */
export interface Parameters {
  readonly params: unknown;
  readonly query: unknown;
  readonly idempotencyKey: string | undefined;
  readonly issues: readonly FieldIssue[];
}

/**
 * Validates path, query and headers of a request, once and before its body is read. What is wrong is kept, so that it is
 * reported together with the errors of the body: see {@link validateBody}.
 */
export function validateParameters(operation: Operation, request: Request): Parameters {
  const issues = repeatedTooOften(request.query);
  // Thousands of values are not gone through.
  if (issues.length > 0) throw validationFailed(issues);
  const given = operation.idempotent ? request.get(IDEMPOTENCY_HEADER) : undefined;
  return {
    params: check({ schema: operation.params, value: request.params, root: '/params' }, issues),
    query: check({ schema: operation.query, value: request.query, root: '/query' }, issues),
    idempotencyKey: given === undefined ? undefined : checkKey(given, issues),
    issues,
  };
}

function checkKey(key: string, issues: FieldIssue[]): string {
  const { error } = idempotencyKey.safeParse(key);
  const pointer = `/headers/${IDEMPOTENCY_HEADER.toLowerCase()}`;
  if (error) issues.push({ pointer, message: error.issues[0].message, code: 'INVALID' });
  return key;
}

/** Refuses a request by its parameters before its body is sent, which may be gigabytes. @throws AppError VALIDATION */
export function requireParameters({ issues }: Parameters): void {
  if (issues.length > 0) throw validationFailed(issues);
}

/**
 * Validates the body of a request.
 * @param parameters those of the same request
 * @throws AppError VALIDATION with every issue of body and parameters at once
 */
export function validateBody(
  operation: Operation,
  { params, query, issues: found }: Parameters,
  body: unknown,
): ValidatedInput {
  const issues = [...found];
  // Only pointers into the body start at the root.
  const input = { params, query, body: checkBody(operation.body, body, issues) };
  if (issues.length > 0) throw validationFailed(issues);
  return input;
}

function checkBody(body: RequestBody, value: unknown, issues: FieldIssue[]): unknown {
  if (body.kind === 'none') return undefined;
  // Megabytes, each of which would be looked at.
  if (body.kind === 'bytes') return value;
  const apart = body.kind === 'json' ? Object.keys(body.entries ?? {}) : [];
  return check({ schema: schemaOf(body), value, root: '', apart }, issues);
}

/**
 * Validates one entry of a list that the operation's body names in `entries`.
 * @param pointer JSON pointer of the entry
 * @throws AppError VALIDATION with every issue of this entry
 */
export function validateEntry<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  pointer: string,
): z.output<Schema> {
  const issues: FieldIssue[] = [];
  const entry = check({ schema, value, root: pointer }, issues);
  // The schema's own parser made it.
  if (issues.length === 0) return entry as z.output<Schema>;
  throw validationFailed(issues, 'entry');
}
