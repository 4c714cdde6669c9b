import path from 'node:path';

/**
 * Words for "mask" in file names: English, German, French, Spanish, Italian, Polish, Russian, Japanese,
 * Chinese, Korean. The list is documented for users.
 */
const MASK_WORDS = [
  'mask',
  'masks',
  'maske',
  'masken',
  'masque',
  'masques',
  'máscara',
  'máscaras',
  'maschera',
];
const MORE_MASK_WORDS = ['maschere', 'maska', 'маска', 'маски', 'マスク', '蒙版', '遮罩', '마스크'];
const WORDS = [...MASK_WORDS, ...MORE_MASK_WORDS].sort((one, other) => other.length - one.length).join('|');
/**
 * The word must not be preceded or followed by a letter or combining mark. A digit may follow, as in `mask1`.
 */
const MASK_WORD = new RegExp(`(?<![\\p{L}\\p{M}])(?:${WORDS})(?![\\p{L}\\p{M}])`, 'giu');
/**
 * The word joined to a name, as in `catmask`. It counts as a mask only when a file with the remaining name
 * exists.
 */
const JOINED_MASK = new RegExp(`^(?:${WORDS})(?=.)|(?<=.)(?:${WORDS})$`, 'giu');
/** The words of scripts that write words without spaces. */
const UNSPACED_MASK = /マスク|蒙版|遮罩|마스크/gu;
/**
 * Characters that only separate words. Combining marks, joiners and emoji are not among them, since they
 * distinguish names.
 */
const SEPARATOR = '[\\p{Z}\\p{Pd}\\p{Pc}\\p{Ps}\\p{Pe}.,]+';
const SEPARATORS = new RegExp(SEPARATOR, 'gu');
const OUTER_SEPARATORS = new RegExp(`^${SEPARATOR}|${SEPARATOR}$`, 'gu');
const MEDIA_ENDING =
  /\.(jpe?g|png|webp|avif|tiff?|gif|heic|heif|mp4|mov|avi|mkv|webm)(?=$|[\p{Z}\p{Pd}\p{Pc}\p{Ps}.])/giu;
/** File extensions of images and videos, unsupported formats included. */
const MEDIA_NAME = new RegExp(
  '\\.(?:jpe?g|jpe|jfif|a?png|webp|avif|tiff?|gif|hei[cf]|bmp|dib|jxl|jp2|j2k|jpf|psd|ico|cur|tga|svg|eps|exr|hdr|p[bgnp]m|dng|' +
    'cr[23]|nef|arw|raf|orf|rw2|mp4|m4v|mov|avi|mkv|webm|3g[p2]|m?ts|m2ts|mpe?g|wmv|flv)$',
  'iu',
);

/**
 * Levels at which names are compared, strictest first: with case and separators, without case, by words only.
 * Names that differ only at a stricter level, such as `Cat` and `cat`, are matched at that level first.
 */
export const CLOSENESS = ['exact', 'caseless', 'words'] as const;
/** See {@link CLOSENESS}. */
export type Closeness = (typeof CLOSENESS)[number];

/**
 * Normalises a name for comparison: NFC, lower case except at level `exact`, and `catMask` split into two
 * words.
 */
function folded(name: string, closeness: Closeness = 'words'): string {
  const text = name.normalize('NFC').replaceAll(/(?<=\p{Ll})(?=\p{Lu}\p{Ll})/gu, ' ');
  return closeness === 'exact' ? text : text.toLowerCase();
}

/** The part of a name that is compared at this level; at level `words`, words are separated by one space. */
const keyOf = (text: string, closeness: Closeness): string =>
  closeness === 'words' ? text.replaceAll(SEPARATORS, ' ').trim() : text.replaceAll(OUTER_SEPARATORS, '');

/** A file's base name without its extension. */
function stemOf(name: string, closeness: Closeness = 'words'): string {
  return folded(path.posix.parse(name).name, closeness);
}

/** Whether the name of a file or folder contains a word for "mask". */
export function namesMask(name: string): boolean {
  const text = folded(name);
  return text.match(MASK_WORD) !== null || text.match(UNSPACED_MASK) !== null;
}

/** Whether a file's base name contains a word for "mask". */
export const isMaskFile = (name: string): boolean => namesMask(path.posix.parse(name).name);

/** Whether a file's extension is that of an image or a video. */
export const namesMedia = (name: string): boolean => MEDIA_NAME.test(name);

/** Comparison key of a file's base name. */
export const sourceKey = (name: string, closeness: Closeness): string =>
  keyOf(stemOf(name, closeness), closeness);

/** The stem with each occurrence of a word for "mask" removed in turn; one result per occurrence. */
function restsOf(stem: string, words: readonly RegExp[]): string[] {
  return words
    .flatMap((word) => [...stem.matchAll(word)])
    .map(({ index, 0: word }) => {
      const [before, after] = [stem.slice(0, index), stem.slice(index + word.length)];
      return `${before.replaceAll(OUTER_SEPARATORS, '')} ${after.replaceAll(OUTER_SEPARATORS, '')}`;
    });
}

/**
 * Comparison keys of the sources that this file could be the mask of: its name with a word for "mask"
 * removed.
 */
export function maskKeys(name: string, closeness: Closeness): readonly string[] {
  const rests = restsOf(stemOf(name, closeness), [MASK_WORD, UNSPACED_MASK, JOINED_MASK]);
  const keys = rests.flatMap((rest) => [rest, rest.replaceAll(MEDIA_ENDING, '')]);
  return [...new Set(keys.map((rest) => keyOf(rest, closeness)))];
}

/** Generic words, which do not identify an image. */
const COMMON_WORDS = new RegExp(
  '^(?:image|img|photo|picture|pic|frame|video|clip|sample|input|source|src|original|orig|hole|alpha|binary|seg|m)$',
);

/**
 * The words of a file's base name that identify its image: without numbers, words for "mask" and generic
 * words.
 */
export function wordsOf(name: string): readonly string[] {
  const stem = stemOf(name).replaceAll(MASK_WORD, ' ').replaceAll(UNSPACED_MASK, ' ');
  const words = keyOf(stem.replaceAll(/\p{Nd}+/gu, ' '), 'words').split(' ');
  return words.filter((word) => word !== '' && !COMMON_WORDS.test(word));
}

/** The last number in a file's base name; null when there is none. */
export function lastNumber(name: string): number | null {
  const digits = /(\d{1,9})\D*$/.exec(path.posix.parse(name).name);
  return digits === null ? null : Number(digits[1]);
}
