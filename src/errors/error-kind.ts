/** Category of an error from the caller's view; translated once at the HTTP edge and once at the worker edge. */
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
  | 'checksum_mismatch'
  | 'storage_full'
  | 'rate_limited'
  | 'unavailable'
  | 'timeout'
  | 'internal';

/** Meaning of a code, the same wherever it is used. */
export interface ErrorMeaning {
  readonly kind: ErrorKind;
  /** Short summary of the problem, the same for every error of the code. */
  readonly title: string;
  /** What the user, or the operator of the server, can do about it. */
  readonly hint: string;
}
