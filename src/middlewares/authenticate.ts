import type { Request } from 'express';
import type { Principal } from '../domain/user.js';
import type { AppError } from '../errors/app-error.js';
import { forbidden, invalidToken, tokenProblem } from '../errors/common-errors.js';

const MAX_TOKEN_LENGTH = 8192;
const BEARER = /^Bearer +([\w.~+/-]+=*)$/i;
const SCHEME = /^[A-Za-z][A-Za-z0-9-]{0,31}(?= |$)/;

/** Resolves an access token to the caller. */
export interface TokenAuthenticator {
  /** @throws AppError INVALID_TOKEN, TOKEN_EXPIRED, TOKEN_REVOKED. */
  authenticate(token: string): Promise<Principal>;
}

/**
 * The token of an `Authorization: Bearer` header; null without the header.
 * @throws AppError TOKEN_NOT_BEARER, INVALID_TOKEN, TOKEN_MISSING for a header without a readable token.
 */
export function bearerToken(request: Pick<Request, 'headers' | 'rawHeaders'>): string | null {
  const header = request.headers.authorization;
  if (header === undefined) return null;
  const copies = request.rawHeaders.filter(
    (name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization',
  );
  if (copies.length !== 1)
    throw tokenProblem('TOKEN_NOT_BEARER', 'The Authorization header was sent more than once.');
  const match = header.length <= MAX_TOKEN_LENGTH ? BEARER.exec(header) : null;
  if (match === null) throw unreadable(header);
  return match[1];
}

/** The error for a header without a usable bearer token. */
function unreadable(header: string): AppError {
  const scheme = SCHEME.exec(header)?.[0];
  if (scheme === undefined) return tokenProblem('TOKEN_NOT_BEARER');
  if (scheme.toLowerCase() !== 'bearer') {
    const message = `The Authorization header must be "Bearer <token>"; the given scheme is ${scheme}.`;
    return tokenProblem('TOKEN_NOT_BEARER', message);
  }
  if (header.length > MAX_TOKEN_LENGTH) {
    return invalidToken(`The access token is longer than ${String(MAX_TOKEN_LENGTH)} characters.`);
  }
  const empty = header.slice(scheme.length).trim() === '';
  return empty ? tokenProblem('TOKEN_MISSING') : invalidToken();
}

/**
 * The caller, by bearer token.
 * @throws AppError of kind unauthenticated without a valid token, FORBIDDEN for a non-admin on an admin
 *   route.
 */
export async function authenticateRequest(
  request: Request,
  authenticator: TokenAuthenticator,
  access: 'user' | 'admin',
): Promise<Principal> {
  const token = bearerToken(request);
  if (token === null) throw tokenProblem('TOKEN_MISSING');
  const principal = await authenticator.authenticate(token);
  if (access === 'admin' && principal.role !== 'admin') throw forbidden();
  return principal;
}
