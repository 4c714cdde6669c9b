import { z } from 'zod';

/** How the body of an operation comes. Its reader and its part of the OpenAPI document are both made from this. */
export type RequestBody = NoBody | JsonBody | FormBody | FramedBody | BytesBody;

/** No body; one that is sent all the same is not read. */
export interface NoBody {
  readonly kind: 'none';
}

/** A JSON object or list. */
export interface JsonBody<Schema extends z.ZodType = z.ZodType> extends JsonBodyOptions {
  readonly kind: 'json';
  readonly schema: Schema;
}

/** What is special about a JSON body. */
export interface JsonBodyOptions {
  /** It may be left out; the handler then sees what the schema makes of `undefined`. */
  readonly optional?: boolean;
  /** Bytes of the body; 1 MB unless given. */
  readonly limitBytes?: number;
  /** Fields with texts as long as files, which are not parsed with the rest: see `asidesOf`. */
  readonly longTexts?: readonly string[];
  /**
   * Schemas of the entries of those lists whose entries the handler checks one by one, with `validateEntry`, so that a
   * bad one fails alone. The body's own schema takes anything for them.
   */
  readonly entries?: Readonly<Record<string, z.ZodType>>;
  /** The multipart form that is taken as well. */
  readonly form?: ImageForm;
}

/** A multipart form that stands for a JSON body: its fields as text, and images as files, in any fields. */
export interface ImageForm {
  /** Fields of the JSON body that come as text. */
  readonly texts: z.ZodObject;
  /** Fields of the JSON body that come as JSON; a text that is no JSON stands for itself. */
  readonly values?: z.ZodObject;
  /** An object of the JSON body: each of its fields as one of the form, or all of it as one text of JSON. */
  readonly unfolded?: {
    readonly name: string;
    readonly fields: z.ZodObject;
    /** A text of JSON, for messages. */
    readonly example: string;
  };
  /** What the field of the images is called in the documentation; `image` unless given. */
  readonly fileField?: string;
  readonly maxImages: number;
}

/** A form: text fields, and with `multipart/form-data` files. */
export interface FormBody<Fields extends z.ZodObject = z.ZodObject> {
  readonly kind: 'form';
  readonly type: 'multipart/form-data' | 'application/x-www-form-urlencoded';
  readonly fields: Fields;
  readonly files: readonly FileField[];
}

/** A file field of a multipart form, given at most once. */
export interface FileField {
  readonly name: string;
  readonly required: boolean;
  readonly description: string;
}

/** JSON of any declared type, behind which binary tensors may come: see `readFramedBody`. */
export interface FramedBody<Schema extends z.ZodType = z.ZodType> extends FramedBodyOptions {
  readonly kind: 'framed';
  readonly schema: Schema;
}

/** What is special about a framed body. */
export interface FramedBodyOptions {
  /** `json` is JSON alone; `tensors` may be in it or follow it. */
  readonly content: 'tensors' | 'json';
  readonly optional?: boolean;
}

/** Bytes of one of some types, as they are. */
export interface BytesBody {
  readonly kind: 'bytes';
  readonly types: readonly string[];
  readonly limitBytes: number;
  /** Only for the type of the handler's body: nothing is checked. */
  readonly schema: z.ZodType<Uint8Array>;
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
): FormBody<Fields> => ({ kind: 'form', type: 'multipart/form-data', fields, files });

/** The form of a web page without files. */
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

/** Bytes as they are. */
export const bytes = (types: readonly string[], limitBytes: number): BytesBody => ({
  kind: 'bytes',
  types,
  limitBytes,
  schema: z.custom<Uint8Array>(),
});

/** The schema in a kind of body, which its handler's type comes from. */
export type BodySchema<Body> = Body extends { readonly schema: infer Schema extends z.ZodType }
  ? Schema
  : Body extends { readonly fields: infer Fields extends z.ZodType }
    ? Fields
    : z.ZodUndefined;

/** What a body is validated against; undefined where there is none. */
export function schemaOf(body: RequestBody): z.ZodType | undefined {
  if (body.kind === 'none') return undefined;
  return body.kind === 'form' ? body.fields : body.schema;
}

/** Whether a field may be missing. */
export const mayBeMissing = (fields: z.ZodObject, name: string): boolean =>
  Object.hasOwn(fields.shape, name) && (fields.shape[name] as z.ZodType).safeParse(undefined).success;
