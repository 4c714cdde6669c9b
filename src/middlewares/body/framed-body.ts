import type { Request } from 'express';
import { AppError } from '../../errors/app-error.js';
import { JSON_LENGTH_HEADER } from '../../schemas/operation.js';
import type { FramedBodyOptions } from '../../schemas/request-body.js';
import { nextTurn } from '../../lifecycle/loop-turns.js';
import { ExtractedValues } from './extracted-values.js';
import { hasBody, JSON_LIMIT_BYTES, JSON_LIMITS, SHORT_BYTES } from './json-body.js';
import { JsonGuard, malformedJson, type JsonLimits } from '../../domain/json-guard.js';
import { receiveParts, tooLarge } from './receive-bytes.js';
import type { BodyRoom } from './spilling-bytes.js';

/** Maximum size of JSON and binary data together, in bytes. */
const FRAMED_BODY_LIMIT = 64 * 1024 * 1024;
/** Maximum size of the JSON in bytes, tensors included. */
const FRAMED_JSON_LIMIT = 32 * 1024 * 1024;
/** Limits on tensors sent as JSON; larger ones can be sent as binary data. */
const TENSOR_LIMITS: JsonLimits = { ...JSON_LIMITS, tensors: { values: 2_000_000, lists: 200_000 } };
const TENSOR_FIELDS: ReadonlySet<string> = new Set(['data']);

/** Parts of a framed body that bypass the schema, which would visit every value. */
export interface Payload {
  /**
   * The field `data` of each entry of `inputs`, in order, as the text of a JSON list; undefined where
   * missing.
   */
  readonly data: readonly (Buffer | undefined)[];
  /** The binary data after the JSON. */
  readonly binary: Uint8Array;
}

const NO_PAYLOAD: Payload = { data: [], binary: new Uint8Array(0) };
const payloads = new WeakMap<Request, Payload>();

/** The payload of a request read by {@link readFramedBody}. */
export const payloadOf = (request: Request): Payload => payloads.get(request) ?? NO_PAYLOAD;

/**
 * Reads the body of an Open Inference request: JSON with any declared media type. If binary tensors follow
 * the JSON, the header `Inference-Header-Content-Length` gives the length of the JSON. Tensor data is kept
 * separately for {@link payloadOf}.
 * @throws AppError MALFORMED_BODY, MALFORMED_JSON, VALIDATION for JSON beyond its limits, and those of
 *   `receiveBytes`
 */
export async function readFramedBody(
  request: Request,
  { content }: Pick<FramedBodyOptions, 'content'>,
  room: BodyRoom,
): Promise<unknown> {
  if (!hasBody(request)) return undefined;
  const tensors = content === 'tensors';
  const guard = tensors ? new JsonGuard(TENSOR_LIMITS, { lists: TENSOR_FIELDS }) : new JsonGuard(JSON_LIMITS);
  const announced = announcedLength(request);
  const jsonLimit = tensors ? FRAMED_JSON_LIMIT : JSON_LIMIT_BYTES;
  let left = announced ?? Infinity;
  let jsonBytes = 0;
  const check = (chunk: Buffer): void => {
    const json = chunk.subarray(0, Math.min(left, chunk.length));
    left -= json.length;
    jsonBytes += json.length;
    if (jsonBytes > jsonLimit) throw tooLarge(jsonLimit, ' of JSON');
    guard.push(json);
  };
  const limitBytes = tensors ? FRAMED_BODY_LIMIT : JSON_LIMIT_BYTES;
  // The tensors are read into a buffer of their own, so that they are aligned without another copy.
  const options = { limitBytes, ...room, check };
  const { head, tail } = await receiveParts(request, options, announced ?? Infinity);
  const length = announced ?? head.length;
  if (length > SHORT_BYTES) await nextTurn();
  requireLength(length, head.length + tail.length, tensors);
  const { rest, extracted } = ExtractedValues.cut(head, guard.spans, false);
  if (rest.length > JSON_LIMIT_BYTES) throw tooLarge(JSON_LIMIT_BYTES, ' of JSON, not counting its tensors');
  const body = parseJson(rest);
  payloads.set(request, { data: extractData(body, extracted), binary: tail });
  return body;
}

function announcedLength(request: Request): number | null {
  const text = request.get(JSON_LENGTH_HEADER);
  if (text === undefined) return null;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw malformedBody(`${JSON_LENGTH_HEADER} must be a number of bytes.`);
}

function requireLength(length: number, total: number, tensors: boolean): void {
  if (length > total) {
    throw malformedBody(
      `${JSON_LENGTH_HEADER} is ${String(length)}, but the body has ${String(total)} bytes.`,
    );
  }
  // Without this check, JSON hidden by a wrong header would be ignored.
  if (!tensors && length < total) {
    throw malformedBody(
      `${JSON_LENGTH_HEADER} is ${String(length)}, but this route accepts no tensors after the JSON and the body has ${String(total)} bytes.`,
    );
  }
}

function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw malformedJson('The body must begin with valid JSON encoded in UTF-8.');
  }
}

/** Removes `data` from every input, so that the schema does not process it. */
function extractData(body: unknown, extracted: ExtractedValues): (Buffer | undefined)[] {
  const inputs: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'inputs') : null;
  if (!Array.isArray(inputs)) return [];
  return inputs.map((input: unknown) => {
    if (typeof input !== 'object' || input === null || !Object.hasOwn(input, 'data')) return undefined;
    const data: unknown = Reflect.get(input, 'data');
    Reflect.deleteProperty(input, 'data');
    // `data` that is not a list becomes null here; the tensor reader reports it.
    return extracted.json(data) ?? Buffer.from('null');
  });
}

const malformedBody = (message: string): AppError => new AppError('MALFORMED_BODY', { message });
