import type { InpaintingItem } from './plan.js';

/** Longest stem in characters: with suffixes and ending it fits every file system and the download route. */
const LONGEST_STEM = 120;
/** What Windows, macOS or Linux do not take in a name, and what turns a line of text around. */
const UNSAFE = /[<>:"/\\|?*\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]/gu;
/** Names of devices on Windows, with whatever ending. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
const ENDING = /\.[\p{L}\p{N}]{1,5}$/u;
/** Stem of the before/after sheet. */
const SHEET = 'before_after';

/** The name that a file has without folders and ending, fit for every file system; empty when nothing is left of it. */
export function safeStem(name: string): string {
  const file = name.split(/[/\\]/).at(-1) ?? '';
  const stem = Array.from(file.replace(ENDING, '').normalize('NFC').replaceAll(UNSAFE, '_'))
    .slice(0, LONGEST_STEM)
    .join('')
    .replace(/^[\s.]+|[\s.]+$/gu, '');
  return DEVICE.test(stem) ? `${stem}_` : stem;
}

/**
 * Stems of the result files by number of the item: the names that the user gave, each once on file systems that do not
 * tell upper from lower case. A repeated name gets a number behind it.
 */
export function resultStems(
  items: readonly Pick<InpaintingItem, 'number' | 'name' | 'source'>[],
): ReadonlyMap<number, string> {
  const taken = new Set([SHEET]);
  const stems = new Map<number, string>();
  for (const { number, name, source } of items) {
    const wanted = safeStem(name) || `${source.kind}_${String(number)}`;
    let stem = wanted;
    for (let copy = 2; isTaken(stem, taken); copy += 1) stem = `${wanted}_${String(copy)}`;
    taken.add(stem.toLowerCase());
    stems.set(number, stem);
  }
  return stems;
}

const isTaken = (stem: string, taken: ReadonlySet<string>): boolean => taken.has(stem.toLowerCase());
