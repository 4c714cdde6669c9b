import { AppError, type FieldIssue } from './app-error.js';
import type { CodeOfKind } from './codes.js';

/** An object that does not exist or belongs to another user: the response is the same. */
export function notFound(what: string, id: string): AppError {
  return new AppError('NOT_FOUND', { message: `${what} ${id} does not exist.`, details: { what, id } });
}

/** Input of the right type with a value that cannot work; `pointer` names the field. */
export function invalidField(pointer: string, code: CodeOfKind<'invalid'>, message: string): AppError {
  return new AppError(code, { message, issues: [{ pointer, message, code }] });
}

/** Problems that one answer lists: a hostile body may have a hundred thousand. */
const MOST_ISSUES = 20;
/** Names of fields are the client's, and as long as it likes. */
const LONGEST_POINTER = 200;
const LONGEST_MESSAGE = 1000;

const cut = (text: string, longest: number): string =>
  text.length > longest ? `${text.slice(0, longest)}…` : text;

const shortened = ({ pointer, message, code }: FieldIssue): FieldIssue => ({
  pointer: cut(pointer, LONGEST_POINTER),
  message: cut(message, LONGEST_MESSAGE),
  code,
});

/**
 * Input that does not match its schema; lists every issue at once, up to twenty, with names and texts cut.
 * @param what the part of the input that was checked
 */
export function validationFailed(all: readonly FieldIssue[], what = 'request'): AppError {
  const more = all.length - MOST_ISSUES;
  const issues = all.slice(0, MOST_ISSUES).map(shortened);
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

/** Errors about the access token of a request. None of them reveals whether an account exists. */
const TOKEN_PROBLEMS = {
  TOKEN_MISSING: 'An access token is required: send the header "Authorization: Bearer <token>".',
  TOKEN_NOT_BEARER: 'The Authorization header must be "Bearer <token>", once and with a single blank.',
  INVALID_TOKEN: 'The access token is malformed or was not issued by this server.',
  TOKEN_EXPIRED: 'The access token has expired: sign in again.',
  TOKEN_REVOKED: 'The access token has been revoked: sign in again.',
} as const;

/** See {@link tokenProblem}. */
export type TokenProblem = keyof typeof TOKEN_PROBLEMS;

/** A missing, malformed, foreign, expired or revoked access token. */
export function tokenProblem(code: TokenProblem, message: string = TOKEN_PROBLEMS[code]): AppError {
  return new AppError(code, { message });
}

/** A token that is malformed, forged or of another kind. */
export function invalidToken(message?: string): AppError {
  return tokenProblem('INVALID_TOKEN', message);
}

/** The role of the user does not allow this route. */
export function forbidden(message = 'This needs the admin role.'): AppError {
  return new AppError('FORBIDDEN', { message });
}
