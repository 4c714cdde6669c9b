import { z } from 'zod';

/**
 * The format of an operation's body. Both its reader and its part of the OpenAPI document are derived from
 * it.
 */
export type RequestBody = NoBody | JsonBody | FormBody | FramedBody | BytesBody | StreamBody;

/** No body; one that is sent anyway is not read. */
export interface NoBody {
  readonly kind: 'none';
}

/** A JSON object or list. */
export interface JsonBody<Schema extends z.ZodType = z.ZodType> extends JsonBodyOptions {
  readonly kind: 'json';
  readonly schema: Schema;
}

/** Options of a JSON body. */
export interface JsonBodyOptions {
  /** Whether the body may be missing; the handler then gets what the schema produces for `undefined`. */
  readonly optional?: boolean;
  /** Maximum size of the body in bytes; 1 MiB by default. */
  readonly limitBytes?: number;
  /** Fields with texts as long as files, which are extracted before parsing: see `extractedValuesOf`. */
  readonly longTexts?: readonly string[];
  /**
   * Entry schemas of lists whose entries the handler validates one by one with `validateEntry`, so that an
   * invalid entry does not fail the others. The body's own schema accepts anything for them.
   */
  readonly entries?: Readonly<Record<string, z.ZodType>>;
  /** A multipart form that is accepted as an alternative. */
  readonly form?: ImageForm;
}

/** A multipart form equivalent to a JSON body: its fields as text, and images as files in any fields. */
export interface ImageForm {
  /** Fields of the JSON body that are sent as text. */
  readonly texts: z.ZodObject;
  /** Fields of the JSON body that are sent as JSON; text that is not JSON is used as it is. */
  readonly values?: z.ZodObject;
  /**
   * An object of the JSON body: either each of its fields is a form field, or the whole object is one field
   * with JSON.
   */
  readonly unfolded?: {
    readonly name: string;
    readonly fields: z.ZodObject;
    /** Example of such JSON, for messages. */
    readonly example: string;
  };
  /** Name of the image field in the documentation; `image` by default. */
  readonly fileField?: string;
  readonly maxImages: number;
  /** Maximum size of one text field in bytes; 4 KiB by default. */
  readonly textBytes?: number;
}

/** A form: text fields, and files if it is `multipart/form-data`. */
export interface FormBody<Fields extends z.ZodObject = z.ZodObject> {
  readonly kind: 'form';
  readonly type: 'multipart/form-data' | 'application/x-www-form-urlencoded';
  readonly fields: Fields;
  readonly files: readonly FileField[];
  /** Whether the files count towards the quotas of the caller. */
  readonly metered?: boolean;
  /** Maximum size of one text field in bytes; 4 KiB by default. */
  readonly textBytes?: number;
  /** Text fields that are sent as JSON; text that is not JSON is used as it is. */
  readonly values?: readonly string[];
}

/** A file field of a multipart form. One that `fields` also declare may be sent as text in place of the file. */
export interface FileField {
  readonly name: string;
  readonly required: boolean;
  readonly description: string;
  /** How often it may be sent; once by default. */
  readonly maxFiles?: number;
}

/** JSON of any declared media type, optionally followed by binary tensors: see `readFramedBody`. */
export interface FramedBody<Schema extends z.ZodType = z.ZodType> extends FramedBodyOptions {
  readonly kind: 'framed';
  readonly schema: Schema;
}

/** Options of a framed body. */
export interface FramedBodyOptions {
  /** `json` is JSON only; `tensors` may also follow the JSON as binary data. */
  readonly content: 'tensors' | 'json';
  readonly optional?: boolean;
}

/** Raw bytes of one of the given media types. */
export interface BytesBody {
  readonly kind: 'bytes';
  readonly types: readonly string[];
  readonly limitBytes: number;
  /** Only determines the type of the handler's body; nothing is validated. */
  readonly schema: z.ZodType<Uint8Array>;
}

/** Bytes that the handler reads itself, of any size and media type. */
export interface StreamBody {
  readonly kind: 'stream';
  readonly description: string;
  /** Media types in the documentation; any is accepted. */
  readonly types: readonly string[];
}

/** A JSON body. */
export const json = <Schema extends z.ZodType>(
  schema: Schema,
  options: JsonBodyOptions = {},
): JsonBody<Schema> => ({ kind: 'json', schema, ...options });

/** A multipart form with files. */
export const multipart = <Fields extends z.ZodObject>(
  fields: Fields,
  files: readonly FileField[],
  options: Pick<FormBody, 'metered' | 'textBytes' | 'values'> = {},
): FormBody<Fields> => ({ kind: 'form', type: 'multipart/form-data', fields, files, ...options });

/** A URL-encoded form without files. */
export const urlencoded = <Fields extends z.ZodObject>(fields: Fields): FormBody<Fields> => ({
  kind: 'form',
  type: 'application/x-www-form-urlencoded',
  fields,
  files: [],
});

/** A body of the Open Inference protocol. */
export const framed = <Schema extends z.ZodType>(
  schema: Schema,
  options: FramedBodyOptions,
): FramedBody<Schema> => ({ kind: 'framed', schema, ...options });

/** A body of raw bytes. */
export const bytes = (types: readonly string[], limitBytes: number): BytesBody => ({
  kind: 'bytes',
  types,
  limitBytes,
  schema: z.custom<Uint8Array>(),
});

/** A body that the handler reads itself. */
export const stream = (
  description: string,
  types: readonly string[] = ['application/octet-stream'],
): StreamBody => ({ kind: 'stream', description, types });

/** The schema of a kind of body, from which the handler's type is inferred. */
export type BodySchema<Body> = Body extends { readonly schema: infer Schema extends z.ZodType }
  ? Schema
  : Body extends { readonly fields: infer Fields extends z.ZodType }
    ? Fields
    : z.ZodUndefined;

/** The schema that validates a body; undefined when there is no body, or one that the handler reads. */
export function schemaOf(body: RequestBody): z.ZodType | undefined {
  if (body.kind === 'none' || body.kind === 'stream') return undefined;
  return body.kind === 'form' ? body.fields : body.schema;
}

/** Whether a field is optional. */
export const mayBeMissing = (fields: z.ZodObject, name: string): boolean =>
  Object.hasOwn(fields.shape, name) && (fields.shape[name] as z.ZodType).safeParse(undefined).success;
