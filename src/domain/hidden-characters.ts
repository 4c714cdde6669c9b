/**
 * Invisible characters that change how surrounding text is displayed: control characters (category Cc), line and
 * paragraph separators, and the marks, embeddings, overrides and isolates of bidirectional text. Joiners (U+200C,
 * U+200D) are allowed: Persian, Hindi and emoji need them.
 */
const HIDDEN = /[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/u;
/** The same for multi-line text, which may contain tabs and line ends. */
const HIDDEN_IN_LINES = /[^\P{Cc}\t\n\r]|[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;
/** The characters of both sets, except tab and line feed. */
const HIDDEN_ANYWHERE = /[^\P{Cc}\t\n]|[\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu;

/** The first hidden character of a text as `U+202E`, or null. */
export function hiddenCharacterIn(text: string, { lines = false } = {}): string | null {
  const [found] = (lines ? HIDDEN_IN_LINES : HIDDEN).exec(text) ?? [];
  return found === undefined ? null : codePointName(found);
}

function codePointName(character: string): string {
  const digits = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return `U+${digits.padStart(4, '0')}`;
}

/** Replaces every hidden character except tab and line feed by its JSON escape, such as `\\u001b`. */
export function escapeHidden(text: string): string {
  return text.replaceAll(HIDDEN_ANYWHERE, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0');
    return `\\u${code}`;
  });
}
