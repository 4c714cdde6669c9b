/** Maximum length of compared names: comparing longer ones is expensive, and they are not misspellings. */
const MAX_LENGTH = 64;
/** Minimum length of a part that matches the whole name. */
const MIN_PART_LENGTH = 4;

/** Normalises a name: `frame_step`, `FrameStep` and `frame-step` are equal. */
const plain = (name: string): string => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');

/**
 * Damerau-Levenshtein distance: insertions, deletions, replacements, and swaps of two neighbours, which plain
 * Levenshtein libraries count as two edits.
 */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1] ? 0 : 1;
      const swapped =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current[column] = Math.min(
        last[column] + 1,
        current[column - 1] + 1,
        last[column - 1] + same,
        swapped ? beforeLast[column - 2] + 1 : Infinity,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return last[to.length];
}

/** Distance between two names; Infinity for names that are too different. */
function confusion(given: string, name: string): number {
  if (given === name) return 0;
  const edits = editDistance(given, name);
  if (edits <= Math.max(1, Math.floor(Math.min(given.length, name.length) / 3))) return edits;
  const [short, long] = given.length < name.length ? [given, name] : [name, given];
  // A partial name, such as `step` for `frameStep`, ranks below every misspelling.
  return short.length >= MIN_PART_LENGTH && long.includes(short) ? MAX_LENGTH + edits : Infinity;
}

/** Names with at least this many characters may differ in two edits, shorter ones in one. */
const TWO_EDITS_LENGTH = 9;

/** The known name within one edit of `given`, or two for a long name; undefined when there is none. */
export function misspelledName(given: string, known: readonly string[]): string | undefined {
  if (given.length > MAX_LENGTH) return undefined;
  const ranked = known
    .map((name) => ({ name, edits: editDistance(given, name) }))
    .filter(({ name, edits }) => edits <= (Math.min(given.length, name.length) < TWO_EDITS_LENGTH ? 1 : 2))
    .sort((a, b) => a.edits - b.edits);
  return ranked.at(0)?.name;
}

/** The known name most similar to a misspelled or differently written one; undefined when none is similar. */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  if (given.length > MAX_LENGTH) return undefined;
  const word = plain(given);
  const ranked = known
    .map((name) => ({ name, distance: confusion(word, plain(name)) }))
    .filter(({ distance }) => distance < Infinity)
    .sort((a, b) => a.distance - b.distance);
  return ranked.at(0)?.name;
}
