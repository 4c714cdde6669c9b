/**
 * Characters that cannot be seen and change what is shown around them: control characters (category Cc), line and
 * paragraph separators, and the marks, embeddings, overrides and isolates of bidirectional text. Joiners (U+200C, U+200D)
 * are none of them: Persian, Hindi and emoji are written with them.
 */
const HIDDEN = /[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/u;
/** The same for texts of several lines, which hold tabs and line ends. */
const HIDDEN_IN_LINES = /[^\P{Cc}\t\n\r]|[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;
/** All of both, but tabs and line feeds. */
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

/** A text with every hidden character but tabs and line ends as its code in the notation of JSON, such as `\\u001b`. */
export function escapeHidden(text: string): string {
  return text.replaceAll(HIDDEN_ANYWHERE, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0');
    return `\\u${code}`;
  });
}
