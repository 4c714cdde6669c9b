/**
 * A parsed base64 data URL: the declared media type, in lower case and without parameters, and the decoded
 * bytes.
 */
export interface DataUrl {
  readonly type: string;
  readonly bytes: Buffer;
}

/** The URL parser ignores control characters and spaces before the scheme. */
const SCHEME = /^[\0-\x20]*data:/i;
const BASE64_MARK = /; *base64$/i;
const PERCENT = 0x25;

/**
 * Parses a data URL as browsers do (https://fetch.spec.whatwg.org/#data-url-processor), and also accepts a
 * comma inside of quotes, which browsers take as the end of the header. Texts may have several megabytes, so
 * the body is scanned again only if it contains characters that must be removed.
 * @returns null for a text that is not a data URL
 */
export function readDataUrl(text: string): DataUrl | { readonly problem: string } | null {
  const scheme = SCHEME.exec(text)?.[0];
  if (scheme === undefined) return null;
  const head = readHead(text, scheme.length);
  if (head === null) return { problem: 'is not base64-encoded' };
  const body = text.slice(head.end);
  const bytes = decodeWhole(body) ?? decodeWhole(tidyBody(body));
  return bytes === null ? { problem: 'contains invalid base64 after its comma' } : { type: head.type, bytes };
}

interface Head {
  readonly type: string;
  /** Offset of the body. */
  readonly end: number;
}

/** The header up to the comma after `base64`; null if there is none. */
function readHead(text: string, start: number): Head | null {
  const first = text.indexOf(',', start);
  return headUpTo(text, start, first) ?? headUpTo(text, start, commaOutsideQuotes(text, start, first));
}

function headUpTo(text: string, start: number, comma: number): Head | null {
  if (comma < 0) return null;
  // The URL parser removes these three characters everywhere.
  const head = text
    .slice(start, comma)
    .replaceAll(/[\t\n\r]/g, '')
    .trim();
  return BASE64_MARK.test(head) ? { type: typeOf(head), end: comma + 1 } : null;
}

/** The first comma outside of quotes, in a single pass over the text. */
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

/** The media type without parameters; empty if it is malformed, because answers repeat it. */
function typeOf(head: string): string {
  const type = head.slice(0, head.indexOf(';')).trimEnd().toLowerCase();
  return /^[a-z0-9.+/-]{1,127}$/.test(type) ? type : '';
}

/** The body without fragment and white space, percent-decoded. */
function tidyBody(body: string): string {
  const fragment = body.indexOf('#');
  const whole = fragment < 0 ? body : body.slice(0, fragment);
  return withoutSpace(whole.includes('%') ? percentDecoded(whole) : whole);
}

/** Decodes `%41` and the like to the character with that number; other percent signs are kept. */
function percentDecoded(text: string): string {
  // Non-ASCII characters become bytes that are invalid in base64.
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

/** The value of a hexadecimal digit; -1 for anything else, including the end of the text. */
function hexDigit(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Decodes base64 that may contain white space; null for invalid characters or an impossible length. */
export const base64Bytes = (text: string): Buffer | null =>
  decodeWhole(text) ?? decodeWhole(withoutSpace(text));

const withoutSpace = (text: string): string => text.replaceAll(/\s+/g, '');

/** Null if the text contains anything but base64. */
function decodeWhole(text: string): Buffer | null {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  const bytes = Buffer.from(text, 'base64');
  // The decoder skips invalid characters, so a shorter result reveals them.
  return digits % 4 !== 1 && bytes.length === Math.floor((digits * 3) / 4) ? bytes : null;
}
