/** One field of a protobuf message: a number or bytes, by wire type; fixed-width values have neither. */
export interface ProtobufField {
  readonly number: number;
  readonly value?: number;
  readonly bytes?: Uint8Array;
}

/**
 * Iterates over the fields of one message; nested messages are returned as bytes. Stops at the first invalid
 * byte.
 */
export function* protobufFields(message: Uint8Array): Generator<ProtobufField> {
  let at = 0;
  while (at < message.length) {
    const tag = readVarint(message, at);
    const number = Math.floor(tag.value / 8);
    const wireType = tag.value % 8;
    if (number === 0) return;
    at = tag.next;
    if (wireType === 1 || wireType === 5) {
      at += wireType === 1 ? 8 : 4;
      if (at > message.length) return;
      yield { number };
      continue;
    }
    if (wireType !== 0 && wireType !== 2) return;
    const { value, next } = readVarint(message, at);
    at = wireType === 0 ? next : next + value;
    if (at > message.length) return;
    yield wireType === 0 ? { number, value } : { number, bytes: message.subarray(next, at) };
  }
}

/** Varint; beyond 2^53 only its length in bytes is needed. */
function readVarint(bytes: Uint8Array, start: number): { readonly value: number; readonly next: number } {
  let value = 0;
  let factor = 1;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at++];
    value += (byte & 127) * factor;
    if (byte < 128) return { value, next: at };
    factor *= 128;
  }
  return { value, next: bytes.length + 1 };
}
