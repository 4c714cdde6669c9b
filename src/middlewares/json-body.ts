import { isAscii } from 'node:buffer';
import express, { type Request, type RequestHandler, type Response } from 'express';
import { AppError } from '../errors/app-error.js';
import { endedEarly, runParser } from './run-parser.js';

const BODY_LIMIT_BYTES = 2 ** 20;
/** From here on the general parser, which decodes a text piece by piece, costs noticeably more than reading it whole. */
const LONG_BYTES = 16 * 1024;
const BYTE_ORDER_MARK = '\ufeff';
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
  const parser = express.json({ limit, type: () => true, strict: false });
  jsonParsers.set(limit, parser);
  return parser;
}

/**
 * Reads a JSON or form body of at most `limitBytes` (1 MB unless given); undefined when there is none.
 * @throws AppError UNSUPPORTED_TYPE, those of {@link runParser}, or the parser's own error.
 */
export async function readBody(
  request: Request,
  response: Response,
  type: 'application/json' | 'application/x-www-form-urlencoded',
  limitBytes = BODY_LIMIT_BYTES,
): Promise<unknown> {
  if (!hasBody(request)) return undefined;
  requireType(request, type);
  const length = type === 'application/json' ? plainLength(request) : null;
  if (length !== null && length >= LONG_BYTES && length <= limitBytes) {
    return parseLong(await readWhole(request, length));
  }
  const parser = type === 'application/json' ? jsonParser(limitBytes) : formParser;
  await runParser(parser, request, response);
  return type === 'application/json' ? requireFields(request.body) : request.body;
}

/** Bytes of a body that comes as it is; null where it is compressed or of unknown length. */
function plainLength({ headers }: Request): number | null {
  const plain = headers['content-encoding'] === undefined && headers['transfer-encoding'] === undefined;
  return plain ? Number(headers['content-length']) : null;
}

/** The body in one piece of memory. Node's parser lets no more through than was announced. */
async function readWhole(request: Request, length: number): Promise<Buffer> {
  const whole = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  await new Promise<void>((resolve, reject) => {
    request.on('data', (chunk: Buffer) => (filled += chunk.copy(whole, filled)));
    request.once('end', resolve);
    // Whatever breaks a connection, the sender is gone; most bodies are whole by then.
    const leave = (): void => {
      if (filled < length) reject(endedEarly());
    };
    request.once('error', leave);
    request.once('close', leave);
  });
  return whole;
}

/** JSON in utf-8. */
function parseLong(bytes: Buffer): unknown {
  // Plain ASCII, as base64 is, needs no decoding.
  const text = isAscii(bytes) ? bytes.toString('latin1') : bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
  } catch {
    // The parser's message would quote the body.
    throw malformedJson('The body is not valid JSON.');
  }
  return requireFields(value);
}

/** An object or a list; what else JSON may be is no body. */
function requireFields(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) return value;
  throw malformedJson(
    `The body must be a JSON object; given is ${value === null ? 'null' : `a ${typeof value}`}.`,
  );
}

const malformedJson = (message: string): AppError =>
  new AppError({ code: 'MALFORMED_JSON', kind: 'malformed', message });
