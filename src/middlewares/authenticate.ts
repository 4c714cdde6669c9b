import type { Request } from 'express';
import type { Principal } from '../domain/user.js';
import { forbidden, invalidToken } from '../errors/common-errors.js';

const MAX_TOKEN_LENGTH = 8192;
const BEARER = /^Bearer +([\w.~+/-]+=*)$/i;

/** Turns an access token into who is calling. */
export interface TokenAuthenticator {
  /** @throws AppError INVALID_TOKEN. */
  authenticate(token: string): Promise<Principal>;
}

/** The token of an `Authorization: Bearer` header; null when there is no such header. */
export function bearerToken(request: Pick<Request, 'headers' | 'rawHeaders'>): string | null {
  const header = request.headers.authorization;
  if (header === undefined) return null;
  const copies = request.rawHeaders.filter(
    (name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization',
  );
  const match = header.length <= MAX_TOKEN_LENGTH ? BEARER.exec(header) : null;
  if (copies.length !== 1 || match === null) throw invalidToken();
  return match[1];
}

/**
 * Who is calling, by bearer token.
 * @throws AppError INVALID_TOKEN without a valid token, FORBIDDEN for a user on an admin's route.
 */
export async function authenticateRequest(
  request: Request,
  authenticator: TokenAuthenticator,
  access: 'user' | 'admin',
): Promise<Principal> {
  const token = bearerToken(request);
  if (token === null) throw invalidToken();
  const principal = await authenticator.authenticate(token);
  if (access === 'admin' && principal.role !== 'admin') throw forbidden();
  return principal;
}
