import iconv from 'iconv-lite';
import { FREQUENT } from './frequent-characters.js';

/** A code page in which the names of an archive may be written. */
export interface CodePage {
  /** Name for display. */
  readonly name: string;
  readonly encoding: string;
  readonly script: RegExp;
  /** Characters that occur in most names of its languages. */
  readonly frequent: ReadonlySet<string>;
}

const LATIN = /\p{sc=Latin}/u;
const CYRILLIC = /\p{sc=Cyrillic}/u;
const HAN = /\p{sc=Han}/u;

const codePage = (
  name: string,
  encoding: string,
  { script, frequent }: { readonly script: RegExp; readonly frequent: string },
): CodePage => ({ name, encoding, script, frequent: new Set(frequent) });

/** CP437 comes first: it is the default of the ZIP format and the fallback. */
const CODE_PAGES: readonly CodePage[] = [
  codePage('CP437', 'cp437', { script: LATIN, frequent: FREQUENT.latin }),
  codePage('CP850', 'cp850', { script: LATIN, frequent: FREQUENT.latin }),
  codePage('Windows-1252', 'win1252', { script: LATIN, frequent: FREQUENT.latin }),
  codePage('CP866', 'cp866', { script: CYRILLIC, frequent: FREQUENT.cyrillic }),
  codePage('Windows-1251', 'win1251', { script: CYRILLIC, frequent: FREQUENT.cyrillic }),
  codePage('Windows-1256', 'win1256', { script: /\p{sc=Arabic}/u, frequent: FREQUENT.arabic }),
  codePage('Shift-JIS', 'shiftjis', {
    script: /[\p{sc=Hira}\p{sc=Kana}\p{sc=Han}ー々]/u,
    frequent: FREQUENT.japanese,
  }),
  codePage('GBK', 'gbk', { script: HAN, frequent: FREQUENT.simplified }),
  codePage('Big5', 'big5', { script: HAN, frequent: FREQUENT.traditional }),
  codePage('EUC-KR', 'cp949', { script: /\p{sc=Hang}/u, frequent: FREQUENT.korean }),
];

/** Decodes bytes; null when they are invalid in the code page. */
export function decodeIn({ encoding }: CodePage, bytes: Uint8Array): string | null {
  const text = iconv.decode(Buffer.from(bytes), encoding);
  return /[\ufffd\x80-\x9f\ue000-\uf8ff]/.test(text) ? null : text;
}

/**
 * The code page in which all names look most like text: letters of its script score, frequent ones more;
 * letters of other scripts, symbols and capitals within words lower the score.
 * @returns the first one if none looks like text
 */
export function likeliestCodePage(names: readonly Uint8Array[]): CodePage {
  const scores = CODE_PAGES.map((page) => ({ page, score: scoreOf(page, names) }));
  return scores.reduce((best, other) => (other.score > best.score + MARGIN ? other : best)).page;
}

/** Whether the bytes look more like text in the code page than as `text` in another encoding. */
export function readsBetterIn(page: CodePage, bytes: Uint8Array, text: string): boolean {
  const isLetter = (char: string) => /\p{L}/u.test(char);
  const odd = Array.from(text).filter((char) => char > '\x7f');
  const score = odd.reduce((sum, char) => sum + (isLetter(char) ? (char >= '\u2e80' ? 2.6 : 1.3) : 0), 0);
  return odd.length > 0 && scoreOf(page, [bytes]) > score;
}

/** Tolerance for rounding errors in sums of tenths. */
const MARGIN = 1e-6;

function scoreOf(page: CodePage, names: readonly Uint8Array[]): number {
  let score = 0;
  for (const bytes of names) {
    const text = decodeIn(page, bytes);
    if (text === null) return -Infinity;
    score += scoreOfText(page, text);
  }
  return score;
}

function scoreOfText(page: CodePage, text: string): number {
  let score = 0;
  let run = 0;
  const characters = Array.from(text);
  for (const [place, char] of characters.entries()) {
    run = char > '\x7f' ? run + 1 : 0;
    const [before = '', after = ''] = [characters[place - 1], characters[place + 1]];
    if (run > 0) score += scoreOfCharacter(page, char, { before, after, run });
  }
  return score;
}

interface Context {
  readonly before: string;
  readonly after: string;
  /** Number of consecutive non-ASCII characters up to this one. */
  readonly run: number;
}

/** Two-byte characters count twice. */
function scoreOfCharacter(page: CodePage, char: string, { before, after, run }: Context): number {
  const wide = char >= '\u2e80';
  if (wide && /[\u3000-\u303f\uff01-\uff5e]/.test(char)) return 1;
  if (!page.script.test(char) || !/[\p{L}ー々]/u.test(char)) return -3;
  // A two-byte character within a word of ASCII letters was probably two single-byte characters.
  if (wide) return scoreOfWide(page, char) - 2 * [before, after].filter(isAsciiLetter).length;
  const usual = 1 + (page.frequent.has(char) ? 0.3 : 0);
  return usual - (page.script === LATIN ? oddInLatin(run) : oddElsewhere(before)) - oddCase(before, char);
}

/** Code pages list frequent characters first; the second half of the Han characters is for rare ones. */
function scoreOfWide(page: CodePage, char: string): number {
  if (page.frequent.has(char)) return 2.6;
  const [lead, trail] = iconv.encode(char, page.encoding);
  switch (page.encoding) {
    case 'gbk':
      return lead < 0xb0 || trail < 0xa1 ? -2 : lead <= 0xd7 ? 1.6 : 0.3;
    case 'big5':
      return lead <= 0xc6 ? 1.6 : 0.3;
    case 'cp949':
      return lead < 0xb0 || trail < 0xa1 ? -2 : 1.4;
    default:
      return lead < 0x98 ? 1.6 : 0.2;
  }
}

/** Words in Latin script rarely have several accented letters in a row. */
const oddInLatin = (run: number): number => (run > 2 ? 1.5 : run > 1 ? 0.4 : 0);

const isAsciiLetter = (char: string): boolean => /^[a-z]$/i.test(char);

const oddElsewhere = (before: string): number => (isAsciiLetter(before) ? 1 : 0);

/** Capitals belong at the start of words. */
function oddCase(before: string, char: string): number {
  if (!/\p{Lu}/u.test(char)) return 0;
  if (/\p{Ll}/u.test(before)) return 2;
  return /\p{Lu}/u.test(before) ? 0.4 : -0.1;
}
