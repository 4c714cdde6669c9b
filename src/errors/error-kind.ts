/** What went wrong in terms of the caller; the HTTP and the worker edge each translate it once. */
export type ErrorKind =
  | 'malformed'
  | 'invalid'
  | 'unauthenticated'
  | 'insufficient_credits'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'conflict'
  | 'gone'
  | 'precondition_failed'
  | 'too_large'
  | 'unsupported_type'
  | 'range_not_satisfiable'
  | 'expectation_failed'
  | 'headers_too_large'
  | 'storage_full'
  | 'rate_limited'
  | 'unavailable'
  | 'timeout'
  | 'internal';

/** What a code means: the same wherever it is given. */
export interface ErrorMeaning {
  readonly kind: ErrorKind;
  /** Short summary of the problem, the same for every error of the code. */
  readonly title: string;
  /** What the user, or the operator of the server, can do about it. */
  readonly hint: string;
}
