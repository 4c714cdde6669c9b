import type { Request } from 'express';
import { admitCaller, readCredential, type Authenticator, type Caller } from '../domain/credential.js';
import type { RequiredScope } from '../domain/scopes.js';
import { forbidden, tokenProblem } from '../errors/common-errors.js';

/** What a route requires of its caller. */
export interface Requirement {
  readonly access: 'user' | 'admin';
  readonly scope: RequiredScope;
}

/**
 * The caller, by access token or API key.
 * @throws AppError of kind unauthenticated without a valid credential, SCOPE_MISSING and others of API keys, FORBIDDEN
 *   for a non-admin on an admin route.
 */
export async function authenticateRequest(
  request: Request,
  authenticator: Authenticator,
  { access, scope }: Requirement,
): Promise<Caller> {
  const credential = readCredential(request);
  if (credential === null) throw tokenProblem('TOKEN_MISSING');
  const caller = await admitCaller(authenticator, credential, { address: request.ip ?? 'unknown', scope });
  if (access === 'admin' && caller.principal.role !== 'admin') throw forbidden();
  return caller;
}
