import express, { type Request, type Response } from 'express';
import { AppError } from '../errors/app-error.js';
import { FRAME_HEADER } from '../schemas/operation.js';
import { hasBody } from './json-body.js';
import { runParser } from './run-parser.js';

/** Bytes of JSON and binary data together. */
export const FRAMED_BODY_LIMIT = 64 * 1024 * 1024;
/** Decompresses as well: the header counts what comes out. */
const parser = express.raw({ limit: FRAMED_BODY_LIMIT, type: () => true });

/** What of a framed body does not go through a schema, since it would be walked value by value. */
export interface Payload {
  /** The field `data` of each entry of `inputs`, in order; undefined where there is none. */
  readonly data: readonly unknown[];
  /** What follows the JSON. */
  readonly binary: Uint8Array;
}

const NO_PAYLOAD: Payload = { data: [], binary: new Uint8Array(0) };
const payloads = new WeakMap<Request, Payload>();

/** What came beside the JSON of a request that {@link readFramedBody} has read. */
export const payloadOf = (request: Request): Payload => payloads.get(request) ?? NO_PAYLOAD;

/**
 * Reads the body of an Open Inference request: JSON of any declared type, whose length the header
 * `Inference-Header-Content-Length` gives where binary tensors follow it. Tensor data is kept aside for {@link payloadOf}.
 * @throws AppError `MALFORMED_BODY`, `MALFORMED_JSON`, or the parser's own error
 */
export async function readFramedBody(request: Request, response: Response): Promise<unknown> {
  if (!hasBody(request)) return undefined;
  await runParser(parser, request, response).catch((error: unknown) => {
    throw named(error);
  });
  const raw: unknown = request.body;
  const bytes = raw instanceof Uint8Array ? raw : NO_PAYLOAD.binary;
  const length = headerLength(request, bytes.length);
  const body = parseJson(bytes.subarray(0, length));
  payloads.set(request, { data: takeData(body), binary: bytes.subarray(length) });
  return body;
}

/** The parser's own error for a large body would name the limit of other routes. */
function named(error: unknown): unknown {
  const large = error instanceof Error && Reflect.get(error, 'type') === 'entity.too.large';
  if (!large) return error;
  const message = `The body is larger than ${FRAMED_BODY_LIMIT} bytes.`;
  return new AppError({ code: 'BODY_TOO_LARGE', kind: 'too_large', message });
}

function headerLength(request: Request, total: number): number {
  const text = request.get(FRAME_HEADER);
  if (text === undefined) return total;
  const length = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (length <= total) return length;
  throw malformed('MALFORMED_BODY', `${FRAME_HEADER} is ${text}, the body has ${total} bytes.`);
}

function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw malformed('MALFORMED_JSON', 'The body does not begin with valid JSON in utf-8.');
  }
}

/** Takes `data` out of every input, so that what is left is small. */
function takeData(body: unknown): unknown[] {
  const inputs: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'inputs') : null;
  if (!Array.isArray(inputs)) return [];
  return inputs.map((input: unknown) => {
    if (typeof input !== 'object' || input === null || !Object.hasOwn(input, 'data')) return undefined;
    const data: unknown = Reflect.get(input, 'data');
    Reflect.deleteProperty(input, 'data');
    return data;
  });
}

const malformed = (code: string, message: string): AppError =>
  new AppError({ code, kind: 'malformed', message });
