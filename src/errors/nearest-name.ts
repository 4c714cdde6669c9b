/** Longer names are not misspellings of known ones, and comparing them is expensive. */
const LONGEST = 64;
/** Shortest part of a name that is taken for the whole. */
const SHORTEST_PART = 4;

/** `frame_step`, `FrameStep` and `frame-step` are the same word. */
const plain = (name: string): string => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');

/**
 * Edits that lead from one word to another: insert, delete or replace a character, or swap two neighbours, which
 * libraries for the plain Levenshtein distance count as two edits.
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

/** How far two names are apart; Infinity for names that are too different. */
function confusion(given: string, name: string): number {
  if (given === name) return 0;
  const edits = editDistance(given, name);
  if (edits <= Math.max(1, Math.floor(Math.min(given.length, name.length) / 3))) return edits;
  const [short, long] = given.length < name.length ? [given, name] : [name, given];
  // `step` for `frameStep`: worse than every misspelling.
  return short.length >= SHORTEST_PART && long.includes(short) ? LONGEST + edits : Infinity;
}

/** Names of so many characters and more may have two slips, shorter ones one. */
const TWO_SLIPS = 9;

/** The one of `known` that `given` is with one slip, or two in a long name; undefined when it is none. */
export function misspelledName(given: string, known: readonly string[]): string | undefined {
  if (given.length > LONGEST) return undefined;
  const ranked = known
    .map((name) => ({ name, edits: editDistance(given, name) }))
    .filter(({ name, edits }) => edits <= (Math.min(given.length, name.length) < TWO_SLIPS ? 1 : 2))
    .sort((a, b) => a.edits - b.edits);
  return ranked.at(0)?.name;
}

/** The one of `known` names that a misspelled or differently written one most likely means; undefined when none is near. */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  if (given.length > LONGEST) return undefined;
  const word = plain(given);
  const ranked = known
    .map((name) => ({ name, distance: confusion(word, plain(name)) }))
    .filter(({ distance }) => distance < Infinity)
    .sort((a, b) => a.distance - b.distance);
  return ranked.at(0)?.name;
}
