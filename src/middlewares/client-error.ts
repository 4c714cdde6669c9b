import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { RequestHandler } from 'express';
import { AppError } from '../errors/app-error.js';
import type { ErrorCode } from '../errors/codes.js';
import { toProblem } from './problem.js';

/** Errors of Node.js's HTTP parser that have their own code; all others are malformed requests. */
const PARSER_PROBLEMS: Readonly<Partial<Record<string, readonly [ErrorCode, string]>>> = {
  HPE_HEADER_OVERFLOW: ['HEADERS_TOO_LARGE', 'The request line and the headers are larger than 16 KB.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [
    'BODY_TOO_LARGE',
    'A chunk of the body has an extension of more than 16 KB.',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ['REQUEST_TIMEOUT', 'The request did not arrive within the time limit.'],
};

/** The complete raw response to a request that could not be parsed, as problem+json. */
export function answerToUnparsed(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : null;
  const [known, message] = PARSER_PROBLEMS[String(code)] ?? [
    'MALFORMED_REQUEST',
    'The request is not valid HTTP.',
  ];
  const id = randomUUID();
  const { status, body } = toProblem(new AppError(known, { message }), { id, path: '' });
  const text = JSON.stringify(body);
  return [
    `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}`,
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
 * Rejects requests that parse but are ambiguous: no Host header or several (RFC 9112, section 3.2), an
 * ambiguous body length or transfer coding, or an unknown expectation.
 */
export const rejectAmbiguousHeaders: RequestHandler = (request, _response, next) => {
  const hosts = request.rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length > 1)
    throw new AppError('MALFORMED_REQUEST', { message: 'The request has more than one Host header.' });
  if (hosts.length === 0 && request.httpVersion === '1.1')
    throw new AppError('MALFORMED_REQUEST', { message: 'The request has no Host header.' });
  const { expect, 'transfer-encoding': transfer } = request.headers;
  // Node.js also rejects some of these codings, but only after the handler may have run.
  if (transfer !== undefined && transfer.toLowerCase() !== 'chunked') throw unknownTransfer(transfer);
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    throw new AppError('EXPECTATION_FAILED', {
      message: 'Expect: the only supported expectation is 100-continue.',
    });
  }
  next();
};

function unknownTransfer(coding: string): AppError {
  const shown = /^[\w.+, -]{1,40}$/.test(coding) ? ` ${coding}` : '';
  const message = `The Transfer-Encoding${shown} is not supported: send chunked alone, or a Content-Length.`;
  return new AppError('MALFORMED_REQUEST', { message });
}
