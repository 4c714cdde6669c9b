import express, { type Request, type RequestHandler, type Response } from 'express';
import { AppError } from '../errors/app-error.js';

const BODY_LIMIT_BYTES = 2 ** 20;
const jsonParsers = new Map<number, RequestHandler>();
const formParser = express.urlencoded({
  limit: '16kb',
  extended: false,
  type: () => true,
  parameterLimit: 20,
});

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
  throw new AppError({
    code: 'UNSUPPORTED_TYPE',
    kind: 'unsupported_type',
    message: `The body must be ${expected} in utf-8.`,
  });
}

function jsonParser(limit: number): RequestHandler {
  const known = jsonParsers.get(limit);
  if (known) return known;
  const parser = express.json({ limit, type: () => true });
  jsonParsers.set(limit, parser);
  return parser;
}

/**
 * Reads a JSON or form body of at most `limitBytes` (1 MB unless given); undefined when there is none.
 * @throws AppError UNSUPPORTED_TYPE, or the parser's own error.
 */
export async function readBody(
  request: Request,
  response: Response,
  type: 'application/json' | 'application/x-www-form-urlencoded',
  limitBytes = BODY_LIMIT_BYTES,
): Promise<unknown> {
  if (!hasBody(request)) return undefined;
  requireType(request, type);
  const parse = type === 'application/json' ? jsonParser(limitBytes) : formParser;
  await new Promise<void>((resolve, reject) => {
    parse(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(error)));
  });
  return request.body;
}
