import querystring from 'node:querystring';
import type { Request } from 'express';
import { AppError } from '../../errors/app-error.js';
import { validationFailed } from '../../errors/common-errors.js';
import { nextTurn } from '../../lifecycle/loop-turns.js';
import type { JsonBodyOptions } from '../../schemas/request-body.js';
import { BodyAsides, keepAsides } from './body-asides.js';
import { JsonGuard, malformedJson, type JsonLimits } from './json-guard.js';
import { receiveBytes, tooLarge } from './receive-bytes.js';
import type { BodyRoom } from './spilling-bytes.js';

/** Bytes of a JSON body without the texts that are set aside. */
export const JSON_LIMIT_BYTES = 2 ** 20;
/** What the JSON of every route may be made of. */
export const JSON_LIMITS: JsonLimits = { depth: 32, values: 5000, listLength: 1000 };
/** Shorter bodies are parsed and checked at once. */
export const SHORT_BYTES = 16 * 1024;
const FORM_LIMIT_BYTES = 16 * 1024;
const FORM_FIELDS = 20;

/** Whether a request announces a body. */
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
  throw new AppError('UNSUPPORTED_TYPE', { message: `The body must be ${expected} in utf-8.` });
}

/** Refuses bytes of any other type. @throws AppError UNSUPPORTED_TYPE */
export function requireOneType(request: Request, types: readonly string[]): void {
  const [type] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  if (types.includes(type.trim())) return;
  throw new AppError('UNSUPPORTED_TYPE', { message: `The body must be one of ${types.join(', ')}.` });
}

/**
 * Reads a JSON body; undefined when there is none.
 * @throws AppError UNSUPPORTED_TYPE, MALFORMED_JSON, VALIDATION for JSON beyond {@link JSON_LIMITS}, and those of
 * `receiveBytes`
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
  const { rest, asides } = BodyAsides.cut(bytes, guard.spans, hasKey(request));
  if (rest.length > JSON_LIMIT_BYTES) throw tooLarge(JSON_LIMIT_BYTES, ' apart from its images');
  if (guard.spans.length > 0) keepAsides(request, asides);
  return requireFields(parseJson(rest));
}

/** Repeats of a request are recognised by their content. */
const hasKey = (request: Request): boolean => request.headers['idempotency-key'] !== undefined;

/** A byte order mark is left out by the decoder. */
function parseJson(bytes: Buffer): unknown {
  const text = utf8Text(bytes);
  if (text === null) throw malformedJson('The body is not valid JSON: it holds bytes that are not UTF-8.');
  try {
    return JSON.parse(text);
  } catch {
    throw malformedJson();
  }
}

/** Null for bytes that are no UTF-8: what replaced them would be stored. */
function utf8Text(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** An object or a list; what else JSON may be is no body. */
function requireFields(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) return value;
  throw malformedJson(
    `The body must be a JSON object; given is ${value === null ? 'null' : `a ${typeof value}`}.`,
  );
}

/**
 * Reads the form of a web page, without files; undefined when there is none.
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
