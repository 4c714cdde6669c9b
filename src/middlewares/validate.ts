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

/** A value, its schema and its location. */
interface Check {
  readonly schema: z.ZodType | undefined;
  readonly value: unknown;
  /** JSON pointer of the value itself. */
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
  // For a missing body the pointer is empty, so the message says what is missing.
  const missing = value === undefined && root === '';
  issues.push(...(missing ? [{ pointer: '', message: 'a body is required', code: 'REQUIRED' }] : found));
  return undefined;
}

/**
 * Maximum repetitions of a query parameter. A query of 16 KB has room for thousands of values, each of which
 * the schema would process.
 */
const MAX_REPEATS = 100;

function repeatedTooOften(query: Request['query']): FieldIssue[] {
  return Object.entries(query)
    .filter(([, value]) => Array.isArray(value) && value.length > MAX_REPEATS)
    .map(([name]) => ({
      pointer: `/query${pointerOf([name])}`,
      message: `is repeated more than ${String(MAX_REPEATS)} times`,
      code: 'TOO_COMPLEX',
    }));
}

/** Path, query and headers of a request, with their validation issues. */
export interface Parameters {
  readonly params: unknown;
  readonly query: unknown;
  readonly idempotencyKey: string | undefined;
  readonly issues: readonly FieldIssue[];
}

/**
 * Validates path, query and headers of a request before its body is read. Issues are kept, so that they are
 * reported together with those of the body: see {@link validateBody}.
 */
export function validateParameters(operation: Operation, request: Request): Parameters {
  const issues = repeatedTooOften(request.query);
  // The schemas do not run when a parameter is repeated too often.
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

/**
 * Rejects a request with invalid parameters before its body is read, which may be gigabytes. @throws AppError
 * VALIDATION
 */
export function requireParameters({ issues }: Parameters): void {
  if (issues.length > 0) throw validationFailed(issues);
}

/**
 * Validates the body of a request.
 * @param parameters validated parameters of the same request
 * @throws AppError VALIDATION with all issues of body and parameters
 */
export function validateBody(
  operation: Operation,
  { params, query, issues: found }: Parameters,
  body: unknown,
): ValidatedInput {
  const issues = [...found];
  // Issues of the body have pointers that start at the root.
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
 * Validates one entry of a list that the operation declares in `entries`.
 * @param pointer JSON pointer of the entry
 * @throws AppError VALIDATION with all issues of this entry
 */
export function validateEntry<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  pointer: string,
): z.output<Schema> {
  const issues: FieldIssue[] = [];
  const entry = check({ schema, value, root: pointer }, issues);
  // The entry was parsed by this schema.
  if (issues.length === 0) return entry as z.output<Schema>;
  throw validationFailed(issues, 'entry');
}
