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
const MASK_WORD = new RegExp(`(?<![\\p{L}\\p{M}])(?:${WORDS})(?![\\p{L}\\p{M}])`, 'gu');
/** The word written together with a name, as in `catmask`; it counts only where that name is there. */
const JOINED_MASK = new RegExp(`^(?:${WORDS})(?=.)|(?<=.)(?:${WORDS})$`, 'gu');
/** Scripts without spaces between words. */
const UNSPACED_MASK = /マスク|蒙版|遮罩|마스크/gu;
/** What separates words and means nothing else. Marks, joiners and emoji are none of it: they tell names apart. */
const SEPARATORS = /[\p{Z}\p{Pd}\p{Pc}\p{Ps}\p{Pe}.,]+/gu;
const MEDIA_ENDING =
  /\.(jpe?g|png|webp|avif|tiff?|gif|mp4|mov|avi|mkv|webm)(?=$|[\p{Z}\p{Pd}\p{Pc}\p{Ps}.])/gu;

/** A name to be compared: one Unicode form, and `catMask` as two words. */
function folded(name: string): string {
  return name
    .normalize('NFC')
    .replaceAll(/(?<=\p{Ll})(?=\p{Lu}\p{Ll})/gu, ' ')
    .toLowerCase();
}

/** What of a name tells it apart, words separated by one space. */
const keyOf = (text: string): string => text.replaceAll(SEPARATORS, ' ').trim();

/** A file's own name without its ending. */
function stemOf(name: string): string {
  return folded(path.posix.parse(name).name);
}

/** Whether a name, of a file or a folder, says that it is of a mask. */
export function namesMask(name: string): boolean {
  const text = folded(name);
  return text.match(MASK_WORD) !== null || text.match(UNSPACED_MASK) !== null;
}

/** Whether a file's own name says that it is a mask. */
export const isMaskFile = (name: string): boolean => namesMask(path.posix.parse(name).name);

/** The key of a file's own name. */
export const sourceKey = (name: string): string => keyOf(stemOf(name));

/** Keys of the sources that a file would be the mask of, by its name: without the word, or one of the words, for masks. */
export function maskKeys(name: string): readonly string[] {
  const stem = stemOf(name);
  const found = [MASK_WORD, UNSPACED_MASK, JOINED_MASK].flatMap((word) => [...stem.matchAll(word)]);
  const rests = found.map(
    ({ index, 0: word }) => `${stem.slice(0, index)} ${stem.slice(index + word.length)}`,
  );
  return [...new Set(rests.flatMap((rest) => [keyOf(rest), keyOf(rest.replaceAll(MEDIA_ENDING, ''))]))];
}

/** The last number in a file's own name; null without one. */
export function lastNumber(name: string): number | null {
  const digits = /(\d{1,9})\D*$/.exec(path.posix.parse(name).name);
  return digits === null ? null : Number(digits[1]);
}
