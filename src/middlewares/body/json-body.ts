import querystring from 'node:querystring';
import type { Request } from 'express';
import { AppError } from '../../errors/app-error.js';
import { validationFailed } from '../../errors/common-errors.js';
import { nextTurn } from '../../lifecycle/loop-turns.js';
import type { JsonBodyOptions } from '../../schemas/request-body.js';
import { ExtractedValues, keepExtractedValues } from './extracted-values.js';
import { JsonGuard, malformedJson, type JsonLimits } from '../../domain/json-guard.js';
import { receiveBytes, tooLarge } from './receive-bytes.js';
import type { BodyRoom } from './spilling-bytes.js';

/** Maximum size of a JSON body in bytes, extracted texts excluded. */
export const JSON_LIMIT_BYTES = 2 ** 20;
/** Limits on the structure of JSON bodies, for every route. */
export const JSON_LIMITS: JsonLimits = { depth: 32, values: 5000, listLength: 1000 };
/** Bodies below this size are parsed and validated without yielding to the event loop. */
export const SHORT_BYTES = 16 * 1024;
const FORM_LIMIT_BYTES = 16 * 1024;
const FORM_FIELDS = 20;

/** Whether the request has a body. */
export function hasBody(request: Request): boolean {
  return (
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
  );
}

function requireType(request: Request, expected: string): void {
  const [type, ...parameters] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  const charset = parameters.map((item) => item.trim()).find((item) => item.startsWith('charset='));
  const utf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (type.trim() === expected && utf8) return;
  throw new AppError('UNSUPPORTED_TYPE', { message: `The body must be ${expected} encoded in UTF-8.` });
}

/** Refuses bytes of any other type. @throws AppError UNSUPPORTED_TYPE */
export function requireOneType(request: Request, types: readonly string[]): void {
  const [type] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  if (types.includes(type.trim())) return;
  throw new AppError('UNSUPPORTED_TYPE', { message: `The body must be one of ${types.join(', ')}.` });
}

/**
 * Reads a JSON body; undefined when there is none.
 * @throws AppError UNSUPPORTED_TYPE, MALFORMED_JSON, VALIDATION for JSON beyond {@link JSON_LIMITS}, and
 *   those of `receiveBytes`
 */
export async function readJsonBody(
  request: Request,
  { limitBytes = JSON_LIMIT_BYTES, longTexts = [] }: Pick<JsonBodyOptions, 'limitBytes' | 'longTexts'>,
  room: BodyRoom,
): Promise<unknown> {
  if (!hasBody(request)) return undefined;
  requireType(request, 'application/json');
  const guard = new JsonGuard(JSON_LIMITS, { texts: new Set(longTexts) });
  const bytes = await receiveBytes(request, { limitBytes, ...room, check: (chunk) => guard.push(chunk) });
  if (bytes.length === 0) return {};
  if (bytes.length > SHORT_BYTES) await nextTurn();
  const { rest, extracted } = ExtractedValues.cut(bytes, guard.spans, hasKey(request));
  if (rest.length > JSON_LIMIT_BYTES) throw tooLarge(JSON_LIMIT_BYTES, ', not counting its images');
  if (guard.spans.length > 0) keepExtractedValues(request, extracted);
  return requireFields(parseJson(rest));
}

/** Repeats of a request with an idempotency key are recognised by their content. */
const hasKey = (request: Request): boolean => request.headers['idempotency-key'] !== undefined;

/** Parses JSON; the decoder removes a byte order mark. */
function parseJson(bytes: Buffer): unknown {
  const text = utf8Text(bytes);
  if (text === null) throw malformedJson('The body is not valid JSON: it contains bytes that are not UTF-8.');
  try {
    return JSON.parse(text);
  } catch {
    throw malformedJson();
  }
}

/** The text, or null if it is not valid UTF-8: with replacement characters, altered text would be stored. */
function utf8Text(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Requires a JSON object or array; scalars are not accepted as a body. */
function requireFields(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) return value;
  throw malformedJson(
    `The body must be a JSON object, not ${value === null ? 'null' : `a ${typeof value}`}.`,
  );
}

/**
 * Reads a URL-encoded form without files; undefined when there is none.
 * @throws AppError UNSUPPORTED_TYPE, VALIDATION for too many fields, and those of `receiveBytes`
 */
export async function readFormBody(request: Request, room: BodyRoom): Promise<unknown> {
  if (!hasBody(request)) return undefined;
  requireType(request, 'application/x-www-form-urlencoded');
  const bytes = await receiveBytes(request, { limitBytes: FORM_LIMIT_BYTES, ...room });
  const text = bytes.toString('utf8');
  if (text.split('&', FORM_FIELDS + 1).length <= FORM_FIELDS) return querystring.parse(text);
  const message = `the form has more than ${String(FORM_FIELDS)} fields`;
  throw validationFailed([{ pointer: '', message, code: 'TOO_COMPLEX' }]);
}
