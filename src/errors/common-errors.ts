import { AppError, type FieldIssue } from './app-error.js';
import type { CodeOfKind } from './codes.js';

/** Error for an object that does not exist or belongs to another user: the response is the same. */
export function notFound(what: string, id: string): AppError {
  return new AppError('NOT_FOUND', { message: `${what} ${id} does not exist.`, details: { what, id } });
}

/** Error for input of the correct type with an unusable value; `pointer` names the field. */
export function invalidField(pointer: string, code: CodeOfKind<'invalid'>, message: string): AppError {
  return new AppError(code, { message, issues: [{ pointer, message, code }] });
}

/** Maximum problems listed in one response: a hostile body may have a hundred thousand. */
const MAX_ISSUES = 20;
/** Field names come from the client and may be of any length. */
const MAX_POINTER_LENGTH = 200;
const MAX_MESSAGE_LENGTH = 1000;

const cut = (text: string, maxLength: number): string =>
  text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;

const shortened = ({ pointer, message, code }: FieldIssue): FieldIssue => ({
  pointer: cut(pointer, MAX_POINTER_LENGTH),
  message: cut(message, MAX_MESSAGE_LENGTH),
  code,
});

/**
 * Error for input that does not match its schema; lists all issues together, up to twenty, with long names and texts
 * truncated.
 * @param what the part of the input that was checked
 */
export function validationFailed(all: readonly FieldIssue[], what = 'request'): AppError {
  const more = all.length - MAX_ISSUES;
  const issues = all.slice(0, MAX_ISSUES).map(shortened);
  if (more > 0) {
    issues.push({ pointer: '', message: `and ${String(more)} more problems`, code: 'MORE_PROBLEMS' });
  }
  const last = issues.length - 1;
  const summary = issues
    .map(
      ({ pointer, message }, at) => `${pointer || '/'}: ${at < last ? message.replace(/\.$/, '') : message}`,
    )
    .join('; ');
  return new AppError('VALIDATION', { message: `The ${what} is not valid. ${summary}`, issues });
}

/** Errors about the credential of a request. None of them reveals whether an account exists. */
const TOKEN_PROBLEMS = {
  TOKEN_MISSING:
    'A credential is required: send the header "Authorization: Bearer <token>" or "Authorization: Api-Key <key>".',
  TOKEN_NOT_BEARER:
    'The Authorization header must be "Bearer <token>" or "Api-Key <key>", exactly once and with a single space.',
  INVALID_TOKEN: 'The access token is malformed or was not issued by this server.',
  TOKEN_EXPIRED: 'The access token has expired: sign in again.',
  TOKEN_REVOKED: 'The access token has been revoked: sign in again.',
  INVALID_TICKET: 'The ticket is malformed, was used or is older than 30 seconds.',
  INVALID_API_KEY: 'The API key is malformed, unknown or deleted.',
  API_KEY_EXPIRED: 'The API key has expired or was replaced.',
  API_KEY_REVOKED: 'The account of the API key is disabled.',
  CREDENTIALS_AMBIGUOUS: 'The request has two different credentials: send one of them.',
} as const;

/** See {@link tokenProblem}. */
export type TokenProblem = keyof typeof TOKEN_PROBLEMS;

/** Error for a missing, malformed, foreign, expired or revoked credential. */
export function tokenProblem(code: TokenProblem, message: string = TOKEN_PROBLEMS[code]): AppError {
  return new AppError(code, { message });
}

/** Error for an identity of a provider that belongs to another account. */
export function identityTaken(): AppError {
  return new AppError('IDENTITY_TAKEN', {
    message: 'This account of the identity provider is linked to another account.',
  });
}

/** Error for a disabled account, for callers that have proved to be its owner. */
export function accountDisabled(): AppError {
  return new AppError('ACCOUNT_DISABLED', {
    message: 'This account is disabled; an administrator can enable it again.',
  });
}

/** Error for a token that is malformed, forged or of another kind. */
export function invalidToken(message?: string): AppError {
  return tokenProblem('INVALID_TOKEN', message);
}

/** Error for a user whose role does not allow this route. */
export function forbidden(message = 'This requires the admin role.'): AppError {
  return new AppError('FORBIDDEN', { message });
}
