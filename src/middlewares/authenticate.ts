import type { Request } from 'express';
import { admitCaller, readCredential, type Authenticator, type Caller } from '../domain/credential.js';
import type { RequiredScope } from '../domain/scopes.js';
import { AppError } from '../errors/app-error.js';
import type { ErrorCode } from '../errors/codes.js';
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

const EXPIRED: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['TOKEN_EXPIRED', 'API_KEY_EXPIRED']);

/**
 * The caller again, after a body that may have taken hours to arrive: a credential that was revoked or restricted
 * meanwhile is rejected. One that has expired is not, so that long uploads can finish. Counts nothing.
 * @throws AppError like {@link authenticateRequest}
 */
export async function authenticateAgain(
  caller: Caller,
  { request, authenticator }: { readonly request: Request; readonly authenticator: Authenticator },
  requirement: Requirement,
): Promise<Caller> {
  const recheck: Authenticator['recheck'] = (credential, use) => authenticator.recheck(credential, use);
  try {
    return await authenticateRequest(request, { admit: recheck, recheck }, requirement);
  } catch (error) {
    if (error instanceof AppError && EXPIRED.has(error.code)) return caller;
    throw error;
  }
}
