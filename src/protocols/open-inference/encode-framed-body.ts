import { BINARY_TYPE, JSON_LENGTH_HEADER } from '../../schemas/operation.js';

/** A body of JSON followed by binary tensors, and the headers that give the length of the JSON. */
interface Frame {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Encodes JSON and tensors as one body. */
export function encodeFramedBody(json: object, binary: readonly Uint8Array[]): Frame {
  const head = Buffer.from(JSON.stringify(json));
  const headers = { 'Content-Type': BINARY_TYPE, [JSON_LENGTH_HEADER]: String(head.length) };
  return { headers, body: Buffer.concat([head, ...binary]) };
}
