import path from 'node:path';

/** Two files of one folder that belong together, by their names. */
export interface NamePair {
  readonly source: string;
  readonly mask: string;
}

/** What {@link pairNames} finds. */
export interface Pairing {
  readonly pairs: readonly NamePair[];
  /** Files without a partner, with the reason. */
  readonly alone: readonly { readonly name: string; readonly reason: string }[];
}

interface Candidate {
  readonly name: string;
  readonly isMask: boolean;
  /** The name without "mask" and without separators. */
  readonly stem: string;
  /** The last number in the name; null without one. */
  readonly index: number | null;
}

function candidateOf(name: string): Candidate {
  const file = path.posix.parse(name).name.toLowerCase();
  const digits = /(\d{1,9})\D*$/.exec(file);
  return {
    name,
    // Only the file's own name counts: a folder called "masks" may hold pictures.
    isMask: file.includes('mask'),
    stem: file.replaceAll('mask', '').replaceAll(/[^\p{L}\p{N}]/gu, ''),
    index: digits === null ? null : Number(digits[1]),
  };
}

/** Takes pairs out of `left`: keys that exactly one source and one mask have. */
function takePairs(left: Candidate[], keyOf: (candidate: Candidate) => string | null): NamePair[] {
  const pairs: NamePair[] = [];
  for (const key of new Set(left.map(keyOf))) {
    const members = left.filter((candidate) => keyOf(candidate) === key);
    const sources = members.filter(({ isMask }) => !isMask);
    const masks = members.filter(({ isMask }) => isMask);
    if (key === null || sources.length !== 1 || masks.length !== 1) continue;
    pairs.push({ source: sources[0].name, mask: masks[0].name });
    for (const taken of [sources[0], masks[0]]) left.splice(left.indexOf(taken), 1);
  }
  return pairs;
}

function reasonFor({ isMask, index }: Candidate, left: readonly Candidate[]): string {
  const wanted = isMask ? 'image or video' : 'mask';
  const others = left.filter((other) => other.isMask !== isMask && other.index === index);
  if (others.length > 0) return `Its folder has more than one ${wanted} that could belong to it.`;
  const numbered = index === null ? '' : ` with the number ${index}`;
  return `Its folder has no ${wanted}${numbered}.`;
}

/**
 * Pairs the files of an archive by folder: first those whose names are the same but for "mask", then those with the
 * same last number, at last the one source and the one mask that are left, unless both have numbers.
 */
export function pairNames(names: readonly string[]): Pairing {
  const pairs: NamePair[] = [];
  const alone: { name: string; reason: string }[] = [];
  for (const members of groupByFolder(names)) {
    const left = members.map(candidateOf);
    pairs.push(...takePairs(left, ({ stem }) => stem));
    pairs.push(...takePairs(left, ({ index }) => (index === null ? null : String(index))));
    const numbered = left.length === 2 && left.every(({ index }) => index !== null);
    if (left.length === 2 && !numbered) pairs.push(...takePairs(left, () => ''));
    alone.push(...left.map((candidate) => ({ name: candidate.name, reason: reasonFor(candidate, left) })));
  }
  // In the order of the archive, so that items come in the order that the user gave them.
  return { pairs: pairs.sort((a, b) => names.indexOf(a.source) - names.indexOf(b.source)), alone };
}

function groupByFolder(names: readonly string[]): string[][] {
  const folders = new Map<string, string[]>();
  for (const name of names) {
    const folder = path.posix.dirname(name);
    folders.set(folder, [...(folders.get(folder) ?? []), name]);
  }
  return [...folders.values()];
}
