/** A data URL of base64: the type that it claims, in lower case and without parameters, and its bytes. */
export interface DataUrl {
  readonly type: string;
  readonly bytes: Buffer;
}

/** What the URL parser drops before the scheme: control characters and spaces. */
const SCHEME = /^[\0-\x20]*data:/i;
const BASE64_MARK = /; *base64$/i;
const PERCENT = 0x25;

/**
 * Reads a data URL as browsers do (https://fetch.spec.whatwg.org/#data-url-processor), and also those with a comma
 * between quotes, which browsers take for the end of the head. Texts have megabytes: but for the decoding itself, the
 * body is gone through only when there is something in it that has to go.
 * @returns null for a text that is no data URL
 */
export function readDataUrl(text: string): DataUrl | { readonly problem: string } | null {
  const scheme = SCHEME.exec(text)?.[0];
  if (scheme === undefined) return null;
  const head = readHead(text, scheme.length);
  if (head === null) return { problem: 'is not one of base64' };
  const body = text.slice(head.end);
  const bytes = decodeWhole(body) ?? decodeWhole(tidyBody(body));
  return bytes === null ? { problem: 'holds no base64 text after its comma' } : { type: head.type, bytes };
}

interface Head {
  readonly type: string;
  /** Where the body begins. */
  readonly end: number;
}

/** The head up to the comma that `base64` stands before; null where there is none. */
function readHead(text: string, start: number): Head | null {
  const first = text.indexOf(',', start);
  return headUpTo(text, start, first) ?? headUpTo(text, start, commaOutsideQuotes(text, start, first));
}

function headUpTo(text: string, start: number, comma: number): Head | null {
  if (comma < 0) return null;
  // The URL parser drops these three wherever they are.
  const head = text
    .slice(start, comma)
    .replaceAll(/[\t\n\r]/g, '')
    .trim();
  return BASE64_MARK.test(head) ? { type: typeOf(head), end: comma + 1 } : null;
}

/** The first comma that does not stand between quotes; every character is passed once, however many of them there are. */
function commaOutsideQuotes(text: string, start: number, first: number): number {
  let comma = first;
  let quote = text.indexOf('"', start);
  while (comma >= 0 && quote >= 0 && quote < comma) {
    const closing = text.indexOf('"', quote + 1);
    if (closing < 0) return -1;
    if (comma < closing) comma = text.indexOf(',', closing + 1);
    quote = text.indexOf('"', closing + 1);
  }
  return comma;
}

/** The type before any parameter; empty where it is none that could be repeated in an answer. */
function typeOf(head: string): string {
  const type = head.slice(0, head.indexOf(';')).trimEnd().toLowerCase();
  return /^[a-z0-9.+/-]{1,127}$/.test(type) ? type : '';
}

/** The body without its fragment, its percent signs and white space decoded and dropped. */
function tidyBody(body: string): string {
  const fragment = body.indexOf('#');
  const whole = fragment < 0 ? body : body.slice(0, fragment);
  return withoutSpace(whole.includes('%') ? percentDecoded(whole) : whole);
}

/** Bytes of `%41` and the like, each as the character of its number; other percent signs stay. */
function percentDecoded(text: string): string {
  // Foreign letters become bytes that no base64 has.
  const bytes = Buffer.from(text, 'utf8');
  let length = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const high = bytes[at] === PERCENT ? hexDigit(bytes[at + 1]) : -1;
    const low = high < 0 ? -1 : hexDigit(bytes[at + 2]);
    bytes[length++] = low < 0 ? bytes[at] : high * 16 + low;
    if (low >= 0) at += 2;
  }
  return bytes.toString('latin1', 0, length);
}

/** -1 for anything but a digit of base 16, the end of the text included. */
function hexDigit(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Bytes of base64, in which there may be white space; null for a text with foreign characters or of an impossible length. */
export const base64Bytes = (text: string): Buffer | null =>
  decodeWhole(text) ?? decodeWhole(withoutSpace(text));

const withoutSpace = (text: string): string => text.replaceAll(/\s+/g, '');

/** Null where the text holds anything but base64. */
function decodeWhole(text: string): Buffer | null {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  const bytes = Buffer.from(text, 'base64');
  // The decoder leaves out what it does not know, so a shorter result means that there are invalid characters.
  return digits % 4 !== 1 && bytes.length === Math.floor((digits * 3) / 4) ? bytes : null;
}
