import { z } from 'zod';
import type { RequiredScope, Scope } from '../domain/scopes.js';
import type { NoBody, RequestBody } from './request-body.js';

/**
 * Header with the length of the JSON in a body that binary tensors follow, and the media type of such bodies.
 */
export const JSON_LENGTH_HEADER = 'Inference-Header-Content-Length';
export const BINARY_TYPE = 'application/octet-stream';
/** Media types of stored images and videos. */
export const MEDIA_TYPES = [BINARY_TYPE, 'image/*', 'video/*'] as const;

/** Header that makes retries of a request safe, and its format. */
export const IDEMPOTENCY_HEADER = 'Idempotency-Key';
export const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 printable ASCII characters');

/**
 * Who may call an operation, and the scope that an API key needs. `link` also accepts a signed, expiring link; `public`
 * reads no credentials.
 */
export type Authorisation =
  | { readonly access: 'public'; readonly scope?: undefined }
  | { readonly access: 'user' | 'admin' | 'link'; readonly scope: RequiredScope };

/** Access of administration. */
export const ADMIN = { access: 'admin', scope: 'admin' } as const;
/** Access to data that belongs to no user, such as the list of networks. */
export const CATALOGUE = { access: 'user', scope: 'any-key' } as const;

/** One success response of an operation. */
export interface SuccessResponse {
  readonly status: number;
  readonly description: string;
  /** Absent for bodies that are not JSON. */
  readonly schema?: z.ZodType;
  /** Media types of a body that is not JSON; with `schema`, the body may also be JSON. */
  readonly contentType?: string | readonly string[];
  /** Additional response headers with their descriptions. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * One error response of an operation: a status with problem details, or one that is also available as another
 * media type.
 */
export type ErrorResponse = number | { readonly status: number; readonly alsoAs: string };

/** Everything about an operation but who may call it. */
export interface OperationShape<
  Params extends z.ZodObject = z.ZodObject,
  Query extends z.ZodObject = z.ZodObject,
  Body extends RequestBody = RequestBody,
> {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Express path, such as `/api/dataset/:id`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly params?: Params;
  readonly query?: Query;
  readonly body: Body;
  readonly responses: readonly SuccessResponse[];
  /**
   * Errors in addition to those common to operations of this kind, and common ones that are also available as
   * another media type.
   */
  readonly errors?: readonly ErrorResponse[];
  /** For admin operations: body fields that the audit log records, which identify the subject of the request. */
  readonly audited?: readonly string[];
  /** For admin operations without data of users, which are repeated all the time: not in the audit log. */
  readonly unaudited?: boolean;
  /** Further scopes that an API key needs when the body has these fields. */
  readonly fieldScopes?: Readonly<Record<string, Scope>>;
  /** Accepts `Idempotency-Key`: a repeat answers with the stored response. */
  readonly idempotent?: boolean;
  /** Headers of responses to `OPTIONS`, in addition to `Allow`. */
  readonly optionsHeaders?: Readonly<Record<string, string>>;
}

/** Static declaration of a route, used for mounting, authorisation, validation and documentation. */
export type Operation<
  Params extends z.ZodObject = z.ZodObject,
  Query extends z.ZodObject = z.ZodObject,
  Body extends RequestBody = RequestBody,
> = OperationShape<Params, Query, Body> & Authorisation;

/** A declaration without the body, whose default is none. */
type WithoutBody<Params extends z.ZodObject = z.ZodObject, Query extends z.ZodObject = z.ZodObject> = Omit<
  OperationShape<Params, Query, NoBody>,
  'body'
> &
  Authorisation;

/** Declares an operation and keeps the exact types of its schemas. The default is no body. */
export function operation<
  Params extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Query extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Body extends RequestBody = NoBody,
>(definition: Operation<Params, Query, Body>): Operation<Params, Query, Body>;
export function operation<
  Params extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Query extends z.ZodObject = z.ZodObject<Record<never, never>>,
>(definition: WithoutBody<Params, Query>): Operation<Params, Query, NoBody>;
export function operation(definition: WithoutBody & Partial<Pick<OperationShape, 'body'>>): Operation {
  return { body: { kind: 'none' }, ...definition };
}
