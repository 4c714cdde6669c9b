import { z } from 'zod';
import type { NoBody, RequestBody } from './request-body.js';

/** Length of the JSON in a body that binary tensors follow, and the type of such a body. */
export const JSON_LENGTH_HEADER = 'Inference-Header-Content-Length';
export const BINARY_TYPE = 'application/octet-stream';
/** Types of stored images and videos: each is served as what it is. */
export const MEDIA_TYPES = [BINARY_TYPE, 'image/*', 'video/*'] as const;

/** Name of the header that makes repeats of a request safe, and what it may hold. */
export const IDEMPOTENCY_HEADER = 'Idempotency-Key';
export const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 printable ASCII characters');

/** Who may call an operation. `link` means a bearer token or a signed, expiring link. */
export type Access = 'public' | 'user' | 'admin' | 'link';

/** One way an operation can succeed. */
export interface SuccessResponse {
  readonly status: number;
  readonly description: string;
  /** Absent for bodies that are not JSON. */
  readonly schema?: z.ZodType;
  /** Of a body that is not JSON, one or several; with `schema`, the body may be any of them. */
  readonly contentType?: string | readonly string[];
  /** Headers of its own, with what they say. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** One way an operation can fail: a status with problem details, or one that clients may get in another form too. */
export type ErrorResponse = number | { readonly status: number; readonly alsoAs: string };

/** Everything that is known of a route before any code of it runs: mounting, checks and documentation use it. */
export interface Operation<
  Params extends z.ZodObject = z.ZodObject,
  Query extends z.ZodObject = z.ZodObject,
  Body extends RequestBody = RequestBody,
> {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** Express path, such as `/api/dataset/:id`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly access: Access;
  readonly params?: Params;
  readonly query?: Query;
  readonly body: Body;
  readonly responses: readonly SuccessResponse[];
  /** Errors besides those that every operation of its kind can have, and those of them that come in another form too. */
  readonly errors?: readonly ErrorResponse[];
  /** Fields of the body that the audit log keeps, of operations of admins: whom or what the request is about. */
  readonly audited?: readonly string[];
  /** Accepts `Idempotency-Key`: a repeat answers with the stored response. */
  readonly idempotent?: boolean;
}

/** Declares an operation and keeps the exact types of its schemas; it takes no body unless one is given. */
export function operation<
  Params extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Query extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Body extends RequestBody = NoBody,
>(definition: Operation<Params, Query, Body>): Operation<Params, Query, Body>;
export function operation<
  Params extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Query extends z.ZodObject = z.ZodObject<Record<never, never>>,
>(definition: Omit<Operation<Params, Query, NoBody>, 'body'>): Operation<Params, Query, NoBody>;
export function operation(definition: Omit<Operation, 'body'> & Partial<Pick<Operation, 'body'>>): Operation {
  return { body: { kind: 'none' }, ...definition };
}
