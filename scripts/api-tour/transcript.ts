import { commandText, type CurlAnswer, type CurlCall } from './curl.js';

/** Number of items shown of a long list. */
const SHOWN_ITEMS = 2;
/** Lists up to this length are shown completely. */
const WHOLE_LIST = 7;
const TOKEN = /eyJ[\w-]+\.[\w-]+\.[\w-]+/g;
/** API keys, refresh tokens and tickets. */
const SECRET = /\binf[a-z]_[\w-]{20,}/g;
const SIGNATURE = /signature=[\w-]+/g;

/** Removes tokens and signatures of links. */
function conceal(text: string): string {
  return text
    .replace(TOKEN, (token) => `${token.slice(0, 20)}…`)
    .replace(SECRET, (secret) => `${secret.slice(0, 12)}…`)
    .replace(SIGNATURE, (signature) => `${signature.slice(0, 18)}…`);
}

/** Truncates long lists and states the number of omitted items. */
function shortened(value: unknown): unknown {
  if (Array.isArray(value)) {
    if (value.length <= WHOLE_LIST) return value.map(shortened);
    return [...value.slice(0, SHOWN_ITEMS).map(shortened), `… ${value.length - SHOWN_ITEMS} more`];
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shortened(item)]));
}

/** Formats JSON; lists of numbers stay on one line. */
function jsonText(value: unknown): string {
  const text = JSON.stringify(shortened(value), null, 2);
  return conceal(
    text.replace(/\[\s+(-?[\d.e+-]+(?:,\s+-?[\d.e+-]+)*)\s+\]/g, (list) =>
      list.replace(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'),
    ),
  );
}

/** Formats a value on one line, truncated like {@link jsonText}. */
export function jsonLine(value: unknown): string {
  return conceal(JSON.stringify(shortened(value)));
}

function bodyText({ contentType, body }: CurlAnswer): string {
  if (body.length === 0) return '(empty)';
  if (contentType.includes('json')) return jsonText(JSON.parse(body.toString('utf8')));
  return `(${body.length} bytes of ${contentType})`;
}

/** Formats a call and its response as Markdown. */
export function exchangeText(call: CurlCall, answer: CurlAnswer): string {
  const language = answer.contentType.includes('json') ? 'json' : 'text';
  return [
    '```sh',
    conceal(commandText(call)),
    '```',
    '',
    `${answer.status} \`${answer.contentType || 'no content'}\``,
    '',
    `\`\`\`${language}`,
    bodyText(answer),
    '```',
  ].join('\n');
}
