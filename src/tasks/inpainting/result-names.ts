import type { InpaintingItem } from './plan.js';

/** Maximum stem length in characters; with suffixes and extension it fits every file system and the download route. */
const MAX_STEM_LENGTH = 120;
/** Characters that Windows, macOS or Linux reject in file names, and characters that change text direction. */
const UNSAFE = /[<>:"/\\|?*\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]/gu;
/** Reserved device names of Windows, with any extension. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
const ENDING = /\.[\p{L}\p{N}]{1,5}$/u;
/** Stem of the before/after sheet. */
const SHEET = 'before_after';

/** The name of a file without folders and extension, safe for every file system; empty when nothing is left. */
export function safeStem(name: string): string {
  const file = name.split(/[/\\]/).at(-1) ?? '';
  const stem = Array.from(file.replace(ENDING, '').normalize('NFC').replaceAll(UNSAFE, '_'))
    .slice(0, MAX_STEM_LENGTH)
    .join('')
    .replace(/^[\s.]+|[\s.]+$/gu, '');
  return DEVICE.test(stem) ? `${stem}_` : stem;
}

/**
 * Stems of the result files by item number: the names given by the user, made unique on case-insensitive file systems.
 * A repeated name gets a numeric suffix.
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
