import { z } from 'zod';
import {
  BINARY_TYPE,
  FRAME_HEADER,
  type FileField,
  type Operation,
  type SuccessResponse,
} from './operation.js';

/** Bytes: `format` is what generators of clients look for, `contentMediaType` what OpenAPI 3.1 says. */
const bytesOf = (contentMediaType: string) => ({
  type: 'string' as const,
  format: 'binary' as const,
  contentMediaType,
});

/** A multipart form is its text fields and its files. */
function multipartBody({ body, files = [] }: Operation) {
  const fields = body instanceof z.ZodObject ? body : z.strictObject({});
  const file = ({ description, required }: FileField) => {
    const field = z.string().meta({ ...bytesOf(BINARY_TYPE), description });
    return required ? field : field.optional();
  };
  const schema = fields.safeExtend(Object.fromEntries(files.map((field) => [field.name, file(field)])));
  return { required: true, content: { 'multipart/form-data': { schema } } };
}

/** An optional text: without an example Swagger UI would make one up and send it. */
const unset = { type: 'string' as const, example: '' };

/** The same fields as text, with pictures as files. */
function pictureForm({ maxPictures }: NonNullable<Operation['pictureForm']>) {
  const file = bytesOf(BINARY_TYPE);
  const description = 'JPEG, PNG or WebP';
  const image =
    maxPictures === 1
      ? { ...file, description }
      : { type: 'array' as const, maxItems: maxPictures, items: file, description };
  const properties = {
    model_id: { type: 'string' as const, example: 'shapes' },
    image,
    version: { ...unset, description: 'The highest one when left out' },
    top_k: { type: 'integer' as const, minimum: 1, maximum: 1000, default: 5 },
    threshold: { type: 'number' as const, minimum: 0, maximum: 1, default: 0 },
    options: { ...unset, description: 'All options of the JSON body as one JSON object' },
  };
  const schema = { type: 'object' as const, required: ['model_id', 'image'], properties };
  return { 'multipart/form-data': { schema } };
}

/** JSON alone, or JSON with binary tensors behind it. */
function framedBody(operation: Operation, schema: z.ZodType) {
  const binary = {
    ...bytesOf(BINARY_TYPE),
    description: `The JSON object, then the binary tensors; \`${FRAME_HEADER}\` is the length of the JSON`,
  };
  return {
    required: !operation.bodyOptional,
    content: { 'application/json': { schema }, [BINARY_TYPE]: { schema: binary } },
  };
}

/** The body of a request as the document shows it; undefined for operations without one. */
export function requestBodyOf(operation: Operation) {
  if (operation.body === undefined) return undefined;
  if (operation.bodyType === 'multipart/form-data') return multipartBody(operation);
  const type = operation.bodyType ?? 'application/json';
  if (operation.framed) return framedBody(operation, operation.body);
  const form = operation.pictureForm && pictureForm(operation.pictureForm);
  const schema = operation.entriesAlone?.documented ?? operation.body;
  return { required: !operation.bodyOptional, content: { [type]: { schema }, ...form } };
}

/** The bodies of a success by their types. */
export function responseContentOf({ schema, contentType }: SuccessResponse) {
  const isText = contentType?.startsWith('text/') ?? false;
  return {
    ...(schema && { 'application/json': { schema } }),
    ...(contentType !== undefined && {
      [contentType]: { schema: isText ? { type: 'string' as const } : bytesOf(contentType) },
    }),
  };
}
