import { AppError } from '../errors/app-error.js';

const SECRET_FIELD =
  /^(authorization|cookie|set-cookie|token|password|passwordhash|secret|signature|x-api-key|apikey|api_keys)$/i;
const JSON_WEB_TOKEN = /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g;
const BEARER = /\b(Bearer|Api-Key)\s+\S+/gi;
const GENERATED_SECRET = /\binf[krp]_[\w-]+/g;
const WEBHOOK_SECRET = /\bwhsec_[\w+/=-]+/g;
const SECRET_QUERY = /([?&](?:token|signature|password)=)[^&\s"]+/gi;
const HIDDEN = '[redacted]';
const MAX_DEPTH = 6;

/** Redacts tokens, passwords and signed links in a text. */
export function redactText(text: string): string {
  return text
    .replace(BEARER, `$1 ${HIDDEN}`)
    .replace(JSON_WEB_TOKEN, HIDDEN)
    .replace(GENERATED_SECRET, HIDDEN)
    .replace(WEBHOOK_SECRET, HIDDEN)
    .replace(SECRET_QUERY, `$1${HIDDEN}`);
}

function describeError(error: Error, depth: number): Record<string, unknown> {
  return {
    name: error.name,
    message: redactText(error.message),
    ...(error instanceof AppError && {
      code: error.code,
      kind: error.kind,
      details: redact(error.details, depth + 1),
    }),
    stack: error.stack === undefined ? undefined : redactText(error.stack),
    ...(error.cause !== undefined && { cause: redact(error.cause, depth + 1) }),
  };
}

/**
 * Copies `value` in a form that is safe to log: secret fields redacted, errors expanded, bigints as text, binary data
 * as its length.
 */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= MAX_DEPTH) return '[nested too deeply]';
  if (value instanceof Error) return describeError(value, depth);
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      SECRET_FIELD.test(key) ? HIDDEN : redact(item, depth + 1),
    ]),
  );
}
