import path from 'node:path';
import { isMaskFile, lastNumber, maskKeys, namesMask, sourceKey } from './mask-names.js';

/** Two files that belong together, by their names. */
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
  readonly index: number | null;
}

/**
 * Pairs the files of an archive. In each folder first those whose names are the same but for a word for mask, then those
 * with the same last number, then the one source and the one mask that are left, unless both have numbers. What is left in
 * a folder for masks is paired with the folder beside or above it, by name and then by number.
 */
export function pairNames(names: readonly string[]): Pairing {
  const pairs: NamePair[] = [];
  const left: Candidate[] = [];
  for (const members of groupByFolder(names)) {
    const byName = pairByName(members);
    pairs.push(...byName);
    const paired = new Set(byName.flatMap(({ source, mask }) => [source, mask]));
    left.push(...pairByNumber(members.filter((name) => !paired.has(name)).map(toCandidate), pairs));
  }
  const across = pairAcross(left.map(({ name }) => name));
  pairs.push(...across);
  const paired = new Set(across.flatMap(({ source, mask }) => [source, mask]));
  const unpaired = left.filter(({ name }) => !paired.has(name));
  const alone = unpaired.map((candidate) => ({
    name: candidate.name,
    reason: reasonFor(candidate, unpaired),
  }));
  // In the order of the archive, so that items come in the order that the user gave them.
  const order = new Map(names.map((name, index) => [name, index]));
  const placeOf = ({ source }: NamePair): number => order.get(source) ?? 0;
  return { pairs: pairs.sort((one, other) => placeOf(one) - placeOf(other)), alone };
}

function toCandidate(name: string): Candidate {
  return { name, isMask: isMaskFile(name), index: lastNumber(name) };
}

/** Files of which one is named as a mask of the other, and of no third one. */
function pairByName(names: readonly string[]): NamePair[] {
  const byKey = groupBy(names, sourceKey);
  const matches = names.flatMap((mask) => {
    const sources = maskKeys(mask).flatMap((key) => byKey.get(key) ?? []);
    return sources.filter((source) => source !== mask).map((source) => ({ source, mask }));
  });
  return onlyMatches(matches);
}

/** Matches of files that have no other one. A mask of a mask, as `mask_mask_1`, is no source of a third file. */
function onlyMatches(matches: readonly NamePair[]): NamePair[] {
  const ofSource = groupBy(matches, ({ source }) => source);
  const ofMask = groupBy(matches, ({ mask }) => mask);
  return matches.filter(
    ({ source, mask }) =>
      ofSource.get(source)?.length === 1 &&
      ofMask.get(mask)?.length === 1 &&
      !ofMask.has(source) &&
      !ofSource.has(mask),
  );
}

/** Takes pairs with the same number, then the last two. @returns what is left */
function pairByNumber(candidates: Candidate[], pairs: NamePair[]): Candidate[] {
  const left = [...candidates];
  const indices = new Set(left.flatMap(({ index }) => (index === null ? [] : [index])));
  for (const index of indices) takePair(left, (candidate) => candidate.index === index, pairs);
  const numbered = left.length === 2 && left.every(({ index }) => index !== null);
  if (left.length === 2 && !numbered) takePair(left, () => true, pairs);
  return left;
}

/** Takes the one source and the one mask among those that are wanted. */
function takePair(left: Candidate[], isWanted: (candidate: Candidate) => boolean, pairs: NamePair[]): void {
  const wanted = left.filter(isWanted);
  const sources = wanted.filter(({ isMask }) => !isMask);
  const masks = wanted.filter(({ isMask }) => isMask);
  if (sources.length !== 1 || masks.length !== 1) return;
  pairs.push({ source: sources[0].name, mask: masks[0].name });
  for (const taken of [sources[0], masks[0]]) left.splice(left.indexOf(taken), 1);
}

/** Pairs what lies in folders for masks with what lies beside or above them. */
function pairAcross(names: readonly string[]): NamePair[] {
  const maskFolders = new Map(
    names.flatMap((name) => maskFolderOf(name)?.name ?? []).map((name) => [name, true]),
  );
  const sources = names.filter((name) => !maskFolders.has(name));
  const masks = names.filter((name) => maskFolders.has(name));
  const byName = onlyMatches(
    matchAcross(masks, sources, (mask) => [sourceKey(mask), ...maskKeys(mask)], sourceKey),
  );
  const paired = new Set(byName.flatMap(({ source, mask }) => [source, mask]));
  const numberOf = (name: string): string => String(lastNumber(name));
  const numbered = (name: string): boolean => !paired.has(name) && lastNumber(name) !== null;
  const byNumber = matchAcross(
    masks.filter(numbered),
    sources.filter(numbered),
    (mask) => [numberOf(mask)],
    numberOf,
  );
  return [...byName, ...onlyMatches(byNumber)];
}

function matchAcross(
  masks: readonly string[],
  sources: readonly string[],
  keysOfMask: (name: string) => readonly string[],
  keyOfSource: (name: string) => string,
): NamePair[] {
  const byKey = groupBy(sources, keyOfSource);
  return masks.flatMap((mask) => {
    const folder = maskFolderOf(mask);
    const found = [...new Set(keysOfMask(mask))].flatMap((key) => byKey.get(key) ?? []);
    return found.filter((source) => folder?.holdsSourcesOf(source)).map((source) => ({ source, mask }));
  });
}

/** The folder for masks that a file lies in; null for a file that lies in none. */
function maskFolderOf(name: string) {
  const folders = path.posix.dirname(name).split('/');
  const at = folders.findLastIndex(namesMask);
  if (at < 0) return null;
  const above = folders.slice(0, at);
  const below = folders.slice(at + 1).join('/');
  /** Beside it with the same folders below, or above it. */
  const holdsSourcesOf = (source: string): boolean => {
    const other = path.posix
      .dirname(source)
      .split('/')
      .filter((folder) => folder !== '.');
    if (above.some((folder, index) => other[index] !== folder)) return false;
    const rest = other.slice(above.length);
    return rest.join('/') === below || rest.slice(1).join('/') === below;
  };
  return { name, holdsSourcesOf };
}

function reasonFor({ name, isMask, index }: Candidate, unpaired: readonly Candidate[]): string {
  const wanted = isMask ? 'image or video' : 'mask';
  const folder = path.posix.dirname(name);
  const others = unpaired.filter(
    (other) => other.isMask !== isMask && other.index === index && path.posix.dirname(other.name) === folder,
  );
  if (others.length > 0) return `Its folder has more than one ${wanted} that could belong to it.`;
  const numbered = index === null ? '' : ` with the number ${index}`;
  return `Its folder has no ${wanted}${numbered}.`;
}

const groupByFolder = (names: readonly string[]): Iterable<string[]> =>
  groupBy(names, (name) => path.posix.dirname(name)).values();

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
