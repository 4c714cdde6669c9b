import { z } from 'zod';
import { BINARY_TYPE, JSON_LENGTH_HEADER, type SuccessResponse } from './operation.js';
import {
  mayBeMissing,
  type BytesBody,
  type FileField,
  type FormBody,
  type FramedBody,
  type JsonBody,
  type ImageForm,
  type RequestBody,
  type StreamBody,
} from './request-body.js';

/**
 * Schema of binary content: client generators look for `format`, while OpenAPI 3.1 uses `contentMediaType`.
 */
const bytesOf = (contentMediaType: string) => ({
  type: 'string' as const,
  format: 'binary' as const,
  contentMediaType,
});

const fileOf = (description?: string) => z.string().meta({ ...bytesOf(BINARY_TYPE), description });

/** A file field: one file or several, or a text in its place. */
function fileField(
  { description, required, maxFiles = 1 }: FileField,
  text: z.ZodType | undefined,
): z.ZodType {
  const one = text ? z.union([fileOf(), text]).meta({ description }) : fileOf(description);
  const field = maxFiles === 1 ? one : z.array(fileOf()).min(1).max(maxFiles).meta({ description });
  return required ? field : field.optional();
}

/** A form with its text fields and files. */
function formBody({ type, fields, files }: FormBody) {
  const shape: Readonly<Record<string, z.ZodType>> = fields.shape;
  const fileFields = files.map((file): [string, z.ZodType] => [file.name, fileField(file, shape[file.name])]);
  const schema = fields.safeExtend(Object.fromEntries(fileFields));
  return { required: true, content: { [type]: { schema } } };
}

/** The images are listed after the required fields and before the optional ones. */
function imageForm({ texts, values, unfolded, fileField = 'image', maxImages }: ImageForm) {
  const description = 'JPEG, PNG or WebP';
  const isOptional = ([field]: readonly [string, unknown]): boolean => mayBeMissing(texts, field);
  const textFields = Object.entries(texts.shape);
  const schema = z.object({
    ...Object.fromEntries(textFields.filter((field) => !isOptional(field))),
    [fileField]:
      maxImages === 1 ? fileOf(description) : z.array(fileOf()).max(maxImages).meta({ description }),
    ...Object.fromEntries(textFields.filter(isOptional)),
    ...valueFields(values, fileField),
    ...unfoldedFields(unfolded),
  });
  return { 'multipart/form-data': { schema } };
}

/** The value fields; one that may also be sent as a file is documented as a file. */
const valueFields = (values: ImageForm['values'], fileField: string) =>
  Object.fromEntries(Object.entries(values?.shape ?? {}).filter(([name]) => name !== fileField));

function unfoldedFields(unfolded: ImageForm['unfolded']) {
  if (!unfolded) return {};
  const { name, fields } = unfolded;
  const description = `All ${name} of the JSON body as one JSON object`;
  return { ...fields.shape, [name]: z.string().optional().meta({ example: '', description }) };
}

/** The same list schema with entries of the given schema. */
function listOf(list: unknown, entry: z.ZodType): z.ZodType {
  if (list instanceof z.ZodOptional) return listOf(list.def.innerType, entry).optional();
  if (list instanceof z.ZodArray) return list.clone({ ...list.def, element: entry });
  throw new TypeError('Only lists can have separately validated entries.');
}

/** The complete schema of a body, including entries that are validated separately. */
function documentedSchema({ schema, entries = {} }: JsonBody): z.ZodType {
  if (!(schema instanceof z.ZodObject) || Object.keys(entries).length === 0) return schema;
  const lists = Object.entries(entries).map(
    ([name, entry]) => [name, listOf(schema.shape[name] as z.ZodType, entry)] as const,
  );
  return schema.safeExtend(Object.fromEntries(lists)).meta({ ...schema.meta() });
}

function jsonBody(body: JsonBody) {
  const form = body.form && imageForm(body.form);
  const content = { 'application/json': { schema: documentedSchema(body) }, ...form };
  return { required: !body.optional, content };
}

/** JSON, optionally followed by binary tensors. */
function framedBody({ schema, optional }: FramedBody) {
  const binary = {
    ...bytesOf(BINARY_TYPE),
    description: `The JSON object, then the binary tensors; \`${JSON_LENGTH_HEADER}\` is the length of the JSON`,
  };
  return {
    required: !optional,
    content: { 'application/json': { schema }, [BINARY_TYPE]: { schema: binary } },
  };
}

/** Bytes of one of the given media types. */
function bytesBody({ types }: BytesBody) {
  return {
    required: true,
    content: Object.fromEntries(types.map((type) => [type, { schema: bytesOf(type) }])),
  };
}

/** Bytes of any size; the body may be empty. */
function streamBody({ types, description }: StreamBody) {
  return {
    required: false,
    description,
    content: Object.fromEntries(types.map((type) => [type, { schema: bytesOf(type) }])),
  };
}

/** The request body in the OpenAPI document; undefined for operations without one. */
export function requestBodyOf(body: RequestBody) {
  switch (body.kind) {
    case 'none':
      return undefined;
    case 'json':
      return jsonBody(body);
    case 'form':
      return formBody(body);
    case 'framed':
      return framedBody(body);
    case 'bytes':
      return bytesBody(body);
    case 'stream':
      return streamBody(body);
  }
}

/** The success bodies by media type. */
export function responseContentOf({ schema, contentType }: SuccessResponse) {
  const types = typeof contentType === 'string' ? [contentType] : (contentType ?? []);
  const bodyOf = (type: string) => ({
    schema: type.startsWith('text/') ? { type: 'string' as const } : bytesOf(type),
  });
  return {
    ...(schema && { 'application/json': { schema } }),
    ...Object.fromEntries(types.map((type) => [type, bodyOf(type)])),
  };
}
