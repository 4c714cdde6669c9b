import { messageOf } from '../errors/app-error.js';

/** Why a message got no response. */
export interface OutboundFailure {
  readonly code: string;
  readonly message: string;
}

const TIMEOUT = 'TIMEOUT';
/** Not HTTP. */
const INVALID_RESPONSE = 'INVALID_RESPONSE';
const MESSAGE_LENGTH = 300;

/** Sentences for frequent codes of the system, of DNS and of the HTTP client. */
const MESSAGES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'The server refuses connections.',
  ECONNRESET: 'The server closed the connection before it responded.',
  EPIPE: 'The server closed the connection before it responded.',
  EHOSTUNREACH: 'The server cannot be reached.',
  ENETUNREACH: 'The server cannot be reached.',
  ENOTFOUND: 'The host name does not resolve to an address.',
  ENODATA: 'The host name does not resolve to an address.',
  ETIMEDOUT: 'The server did not accept the connection in time.',
};

const TIMED_OUT = 'ETIMEDOUT';
/** Codes of errors of the parser of HTTP start with it. */
const PARSER = 'HPE_';
const HEAD_TOO_LARGE = 'HPE_HEADER_OVERFLOW';

/** The error of a failed attempt as its owner sees it. */
export function outboundFailure(
  error: unknown,
  { late, timeoutMs }: { readonly late: boolean; readonly timeoutMs: number },
): OutboundFailure {
  if (late) return { code: TIMEOUT, message: `The server did not respond within ${timeoutMs} ms.` };
  const code = codeOf(error) ?? 'FAILED';
  if (code.startsWith(PARSER)) return invalidResponse(code, error);
  const message = (MESSAGES[code] ?? messageOf(error)).slice(0, MESSAGE_LENGTH);
  return { code: code === TIMED_OUT ? TIMEOUT : code, message };
}

function invalidResponse(code: string, error: unknown): OutboundFailure {
  const message =
    code === HEAD_TOO_LARGE
      ? 'The head of the response is too large.'
      : `The response is not HTTP/1.1: ${messageOf(error).replace(/^Parse Error: /, '')}`;
  return { code: INVALID_RESPONSE, message: message.slice(0, MESSAGE_LENGTH) };
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  // Of several addresses, the first one that was tried.
  if ('errors' in error && Array.isArray(error.errors)) return codeOf(error.errors[0]);
  return 'cause' in error ? codeOf(error.cause) : undefined;
}
