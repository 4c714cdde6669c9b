import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import { HttpError, toProblem } from './problem.js';

/** What of a request the parser of Node.js refuses, by the code of its error; everything else is malformed. */
const PARSER_PROBLEMS: Readonly<Partial<Record<string, readonly [number, string, string]>>> = {
  HPE_HEADER_OVERFLOW: [431, 'HEADERS_TOO_LARGE', 'The request line and the headers are larger than 16 KB.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [
    413,
    'BODY_TOO_LARGE',
    'A chunk of the body has an extension of more than 16 KB.',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'REQUEST_TIMEOUT', 'The request did not arrive in time.'],
};

/** The whole answer to a request that could not be parsed, as problem+json like every other error. */
export function answerToUnparsed(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : null;
  const known = PARSER_PROBLEMS[String(code)] ?? [400, 'MALFORMED_REQUEST', 'This is no valid HTTP request.'];
  const id = randomUUID();
  const { status, body } = toProblem(new HttpError(...known), { id, path: '' });
  const text = JSON.stringify(body);
  return [
    `HTTP/1.1 ${String(status)} ${body.title}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${String(Buffer.byteLength(text))}`,
    `X-Request-Id: ${id}`,
    'Cache-Control: no-store',
    'Connection: close',
    '',
    text,
  ].join('\r\n');
}

/**
 * Refuses what parses but has no clear meaning: no host or two (RFC 9112, section 3.2), a body of which nobody can tell where
 * it ends or what it is, or an expectation that nobody knows.
 */
export const soundHeaders: RequestHandler = (request, _response, next) => {
  const hosts = request.rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length > 1)
    throw new HttpError(400, 'MALFORMED_REQUEST', 'The request has more than one Host header.');
  if (hosts.length === 0 && request.httpVersion === '1.1')
    throw new HttpError(400, 'MALFORMED_REQUEST', 'The request has no Host header.');
  const { expect, 'transfer-encoding': transfer } = request.headers;
  // Of some codings the parser complains as well, but only when the request may have been carried out.
  if (transfer !== undefined && transfer.toLowerCase() !== 'chunked') throw unknownTransfer(transfer);
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    throw new HttpError(417, 'EXPECTATION_FAILED', 'The only expectation that can be met is 100-continue.');
  }
  next();
};

function unknownTransfer(coding: string): HttpError {
  const shown = /^[\w.+, -]{1,40}$/.test(coding) ? ` ${coding}` : '';
  const message = `The Transfer-Encoding${shown} is not supported: send chunked alone, or a Content-Length.`;
  return new HttpError(400, 'MALFORMED_REQUEST', message);
}
