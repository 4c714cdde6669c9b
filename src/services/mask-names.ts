import path from 'node:path';

/**
 * Words that name a mask: English, German, French, Spanish, Italian, Polish, Russian, Japanese, Chinese, Korean. Documented
 * for users; a language that is missing here is no fault of theirs.
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
/** What a word may not touch: letters and marks. Digits may follow it, as in `mask1`. */
const MASK_WORD = new RegExp(`(?<![\\p{L}\\p{M}])(?:${WORDS})(?![\\p{L}\\p{M}])`, 'giu');
/** The word written together with a name, as in `catmask`; it counts only where that name is there. */
const JOINED_MASK = new RegExp(`^(?:${WORDS})(?=.)|(?<=.)(?:${WORDS})$`, 'giu');
/** Scripts without spaces between words. */
const UNSPACED_MASK = /マスク|蒙版|遮罩|마스크/gu;
/** What separates words and means nothing else. Marks, joiners and emoji are not among them: they distinguish names. */
const SEPARATOR = '[\\p{Z}\\p{Pd}\\p{Pc}\\p{Ps}\\p{Pe}.,]+';
const SEPARATORS = new RegExp(SEPARATOR, 'gu');
const OUTER_SEPARATORS = new RegExp(`^${SEPARATOR}|${SEPARATOR}$`, 'gu');
const MEDIA_ENDING =
  /\.(jpe?g|png|webp|avif|tiff?|gif|heic|heif|mp4|mov|avi|mkv|webm)(?=$|[\p{Z}\p{Pd}\p{Pc}\p{Ps}.])/giu;
/** Endings of images and videos, those that are not read included. */
const MEDIA_NAME = new RegExp(
  '\\.(?:jpe?g|jpe|jfif|a?png|webp|avif|tiff?|gif|hei[cf]|bmp|dib|jxl|jp2|j2k|jpf|psd|ico|cur|tga|svg|eps|exr|hdr|p[bgnp]m|dng|' +
    'cr[23]|nef|arw|raf|orf|rw2|mp4|m4v|mov|avi|mkv|webm|3g[p2]|m?ts|m2ts|mpe?g|wmv|flv)$',
  'iu',
);

/**
 * How closely names are compared: with case and separators, without case, or by their words. Names that only a closer
 * look tells apart, as `Cat` and `cat`, find their own masks in this order.
 */
export const CLOSENESS = ['exact', 'caseless', 'words'] as const;
/** See {@link CLOSENESS}. */
export type Closeness = (typeof CLOSENESS)[number];

/** A name to be compared: one Unicode form, and `catMask` as two words. */
function folded(name: string, closeness: Closeness = 'words'): string {
  const text = name.normalize('NFC').replaceAll(/(?<=\p{Ll})(?=\p{Lu}\p{Ll})/gu, ' ');
  return closeness === 'exact' ? text : text.toLowerCase();
}

/** The part of a name that is compared; words separated by one space if only words count. */
const keyOf = (text: string, closeness: Closeness): string =>
  closeness === 'words' ? text.replaceAll(SEPARATORS, ' ').trim() : text.replaceAll(OUTER_SEPARATORS, '');

/** A file's own name without its ending. */
function stemOf(name: string, closeness: Closeness = 'words'): string {
  return folded(path.posix.parse(name).name, closeness);
}

/** Whether a name, of a file or a folder, says that it is of a mask. */
export function namesMask(name: string): boolean {
  const text = folded(name);
  return text.match(MASK_WORD) !== null || text.match(UNSPACED_MASK) !== null;
}

/** Whether a file's own name says that it is a mask. */
export const isMaskFile = (name: string): boolean => namesMask(path.posix.parse(name).name);

/** Whether a file's ending is one of an image or a video. */
export const namesMedia = (name: string): boolean => MEDIA_NAME.test(name);

/** The key of a file's own name. */
export const sourceKey = (name: string, closeness: Closeness): string =>
  keyOf(stemOf(name, closeness), closeness);

/** What is left of a stem without each of the words for mask in turn. */
function restsOf(stem: string, words: readonly RegExp[]): string[] {
  return words
    .flatMap((word) => [...stem.matchAll(word)])
    .map(({ index, 0: word }) => {
      const [before, after] = [stem.slice(0, index), stem.slice(index + word.length)];
      return `${before.replaceAll(OUTER_SEPARATORS, '')} ${after.replaceAll(OUTER_SEPARATORS, '')}`;
    });
}

/** Keys of the sources that a file would be the mask of, by its name: without the word, or one of the words, for masks. */
export function maskKeys(name: string, closeness: Closeness): readonly string[] {
  const rests = restsOf(stemOf(name, closeness), [MASK_WORD, UNSPACED_MASK, JOINED_MASK]);
  const keys = rests.flatMap((rest) => [rest, rest.replaceAll(MEDIA_ENDING, '')]);
  return [...new Set(keys.map((rest) => keyOf(rest, closeness)))];
}

/** Words that name no image in particular. */
const COMMON_WORDS = new RegExp(
  '^(?:image|img|photo|picture|pic|frame|video|clip|sample|input|source|src|original|orig|hole|alpha|binary|seg|m)$',
);

/** The words of a file's own name that say which image it is or belongs to, without numbers and words for mask. */
export function wordsOf(name: string): readonly string[] {
  const stem = stemOf(name).replaceAll(MASK_WORD, ' ').replaceAll(UNSPACED_MASK, ' ');
  const words = keyOf(stem.replaceAll(/\p{Nd}+/gu, ' '), 'words').split(' ');
  return words.filter((word) => word !== '' && !COMMON_WORDS.test(word));
}

/** The last number in a file's own name; null without one. */
export function lastNumber(name: string): number | null {
  const digits = /(\d{1,9})\D*$/.exec(path.posix.parse(name).name);
  return digits === null ? null : Number(digits[1]);
}
