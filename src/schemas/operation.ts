import type { z } from 'zod';

/** Length of the JSON in a body that binary tensors follow, and the type of such a body. */
export const FRAME_HEADER = 'Inference-Header-Content-Length';
export const BINARY_TYPE = 'application/octet-stream';

/** Who may call an operation. `link` means a bearer token or a signed, expiring link. */
export type Access = 'public' | 'user' | 'admin' | 'link';

/** One way an operation can succeed. */
export interface SuccessResponse {
  readonly status: number;
  readonly description: string;
  /** Absent for bodies that are not JSON. */
  readonly schema?: z.ZodType;
  /** Of a body that is not JSON; beside `schema`, the body may be either. */
  readonly contentType?: string;
  /** Headers of its own, with what they say. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A file field of a multipart form. */
export interface FileField {
  readonly name: string;
  readonly required: boolean;
  readonly description: string;
}

/** Everything that is known of a route before any code of it runs: mounting, checks and documentation use it. */
export interface Operation<
  Params extends z.ZodObject = z.ZodObject,
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType = z.ZodType,
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
  readonly body?: Body;
  /**
   * Lists of the body whose entries are checked one by one by the handler, with `validateEntry`, so that a bad one
   * fails alone. The body's schema takes anything for them; `documented` is the body with the schemas of its entries.
   */
  readonly entriesAlone?: { readonly lists: readonly string[]; readonly documented: z.ZodType };
  /** The body may be left out; the handler then sees what the schema makes of `undefined`. */
  readonly bodyOptional?: boolean;
  /** How the body comes; JSON unless said otherwise. */
  readonly bodyType?: 'application/json' | 'multipart/form-data' | 'application/x-www-form-urlencoded';
  /** Files of a multipart form, each at most once. */
  readonly files?: readonly FileField[];
  /** The JSON body may come as any type, and with `tensors` binary data may follow it: see `readFramedBody`. */
  readonly framed?: 'tensors' | 'json';
  /** A JSON body may be this large; 1 MB unless given. */
  readonly bodyLimitBytes?: number;
  /** Fields of a JSON body with texts as long as files, which are not parsed with the rest: see `asidesOf`. */
  readonly asideTexts?: readonly string[];
  /** Takes a multipart form as well as JSON: so many pictures at most, read into memory, and the body's fields as text. */
  readonly pictureForm?: { readonly maxPictures: number };
  readonly responses: readonly SuccessResponse[];
  /** Statuses of errors besides those that every operation of its kind can have. */
  readonly errors?: readonly number[];
  /** Statuses of errors that clients which prefer HTML get as a page. */
  readonly pageErrors?: readonly number[];
  /** Accepts `Idempotency-Key`: a repeat answers with the stored response. */
  readonly idempotent?: boolean;
}

/** Declares an operation and keeps the exact types of its schemas. */
export function operation<
  Params extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Query extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Body extends z.ZodType = z.ZodUndefined,
>(definition: Operation<Params, Query, Body>): Operation<Params, Query, Body> {
  return definition;
}
