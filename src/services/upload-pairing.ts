import path from 'node:path';
import {
  CLOSENESS,
  isMaskFile,
  lastNumber,
  maskKeys,
  namesMask,
  namesMedia,
  sourceKey,
  wordsOf,
} from './mask-names.js';

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

/** What is known of the files besides their names. */
export interface FileFacts {
  /** Whether a file is an image or video that could be opened. */
  isUsable(name: string): boolean;
}

const ALL_USABLE: FileFacts = { isUsable: () => true };

/**
 * Pairs the files of an archive by their names, those that cannot be used included: their partners must not go to others. In
 * each folder first those whose names are the same but for a word for mask, then those with the same last number whose names
 * do not contradict, then the one source and the one mask that are left, unless both have numbers. What is left in a folder
 * for masks is paired with the folder next to it or above it, by name and then by number.
 */
export function pairNames(names: readonly string[], facts: FileFacts = ALL_USABLE): Pairing {
  const pairs: NamePair[] = [];
  const left: string[] = [];
  for (const members of groupByFolder(names)) {
    const byName = pairByName(members, facts);
    const rest = without(members, byName);
    const byNumber = pairByNumber(
      rest.filter(isMedia(facts)).map(toCandidate),
      members.filter(isMedia(facts)),
    );
    pairs.push(...byName, ...byNumber);
    left.push(...without(rest, byNumber));
  }
  const across = pairAcross(left, facts);
  pairs.push(...across);
  const unpaired = without(left, across).map(toCandidate);
  const alone = unpaired.map((candidate) => ({
    name: candidate.name,
    reason: reasonFor(candidate, unpaired),
  }));
  // In the order of the archive, so that items come in the order that the user gave them.
  const order = new Map(names.map((name, index) => [name, index]));
  const placeOf = ({ source }: NamePair): number => order.get(source) ?? 0;
  return { pairs: pairs.sort((one, other) => placeOf(one) - placeOf(other)), alone };
}

function without(names: readonly string[], pairs: readonly NamePair[]): string[] {
  const paired = new Set(pairs.flatMap(({ source, mask }) => [source, mask]));
  return names.filter((name) => !paired.has(name));
}

/** Notes and labels between the images are ignored if names alone do not determine the pairs. */
const isMedia =
  ({ isUsable }: FileFacts) =>
  (name: string): boolean =>
    namesMedia(name) || isUsable(name);

function toCandidate(name: string): Candidate {
  return { name, isMask: isMaskFile(name), index: lastNumber(name) };
}

/** Files of which one is named as a mask of the other, and of no third one. */
function pairByName(names: readonly string[], facts: FileFacts): NamePair[] {
  const pairs: NamePair[] = [];
  for (const closeness of CLOSENESS) {
    const left = without(names, pairs);
    const byKey = groupBy(left, (name) => sourceKey(name, closeness));
    const matches = left.flatMap((mask) => {
      const sources = maskKeys(mask, closeness).flatMap((key) => byKey.get(key) ?? []);
      return sources.filter((source) => source !== mask).map((source) => ({ source, mask }));
    });
    pairs.push(...clearMatches(matches, facts));
  }
  return pairs;
}

/** Matches without another one; of several, as `dog.heic` and `dog.jpg`, the one whose files can be used. */
function clearMatches(matches: readonly NamePair[], { isUsable }: FileFacts): NamePair[] {
  const clear = onlyMatches(matches);
  const taken = new Set(clear.flatMap(({ source, mask }) => [source, mask]));
  const usable = matches.filter((match) =>
    [match.source, match.mask].every((name) => isUsable(name) && !taken.has(name)),
  );
  return [...clear, ...onlyMatches(usable)];
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

/** Pairs with the same number, then the last two. @param members all images and videos of the folder */
function pairByNumber(candidates: readonly Candidate[], members: readonly string[]): NamePair[] {
  const left = [...candidates];
  const pairs: NamePair[] = [];
  const lone = members.length === 2;
  const agree = lone ? () => true : agreement(left);
  const indices = new Set(left.flatMap(({ index }) => (index === null ? [] : [index])));
  for (const index of indices) {
    const wanted = left.filter((candidate) => candidate.index === index);
    takePair(left, { wanted, agree, pairs });
  }
  const numbered = left.length === 2 && left.every(({ index }) => index !== null);
  if (left.length === 2 && !numbered) takePair(left, { wanted: left, agree, pairs });
  return pairs;
}

type Agree = (source: string, mask: string) => boolean;

/**
 * Whether the words of two names do not contradict: the mask has none that its source lacks (`mask_1`, `dog mask 1` of `dog 1`),
 * or it is one of a series, all of whose masks have the same words, and so have all sources.
 */
function agreement(candidates: readonly Pick<Candidate, 'name' | 'isMask'>[]): Agree {
  const seriesOf = (isMask: boolean): boolean => {
    const own = candidates.filter((candidate) => candidate.isMask === isMask);
    return own.length > 1 && new Set(own.map(({ name }) => wordsOf(name).join(' '))).size === 1;
  };
  const isSeries = seriesOf(true) && seriesOf(false);
  return (source, mask) => {
    const words = wordsOf(source);
    return isSeries || wordsOf(mask).every((word) => words.includes(word));
  };
}

interface Taking {
  readonly wanted: readonly Candidate[];
  readonly agree: Agree;
  readonly pairs: NamePair[];
}

/** Takes the one source and the one mask among those that are wanted. */
function takePair(left: Candidate[], { wanted, agree, pairs }: Taking): void {
  const sources = wanted.filter(({ isMask }) => !isMask);
  const masks = wanted.filter(({ isMask }) => isMask);
  if (sources.length !== 1 || masks.length !== 1) return;
  const pair = { source: sources[0].name, mask: masks[0].name };
  if (!agree(pair.source, pair.mask)) return;
  pairs.push(pair);
  for (const taken of [sources[0], masks[0]]) left.splice(left.indexOf(taken), 1);
}

/** Pairs files in mask folders with those next to or above them. */
function pairAcross(names: readonly string[], facts: FileFacts): NamePair[] {
  const isInMaskFolder = (name: string): boolean => maskFolderOf(name) !== null;
  const pairs: NamePair[] = [];
  const match = (keysOfMask: (name: string) => readonly string[], keyOfSource: (name: string) => string) => {
    const left = without(names, pairs);
    const sources = groupBy(
      left.filter((name) => !isInMaskFolder(name)),
      keyOfSource,
    );
    return matchAcross(left.filter(isInMaskFolder), sources, keysOfMask);
  };
  for (const closeness of CLOSENESS) {
    const keysOfMask = (mask: string) => [sourceKey(mask, closeness), ...maskKeys(mask, closeness)];
    const matches = match(keysOfMask, (source) => sourceKey(source, closeness));
    pairs.push(...clearMatches(matches, facts));
  }
  const left = without(names, pairs).filter(isMedia(facts));
  const agree = agreement(left.map((name) => ({ name, isMask: isInMaskFolder(name) })));
  const numberOf = (name: string): string => String(lastNumber(name));
  const numbered = ({ source, mask }: NamePair): boolean =>
    [source, mask].every((name) => lastNumber(name) !== null && left.includes(name)) && agree(source, mask);
  const byNumber = match((mask) => [numberOf(mask)], numberOf).filter(numbered);
  return [...pairs, ...onlyMatches(byNumber)];
}

function matchAcross(
  masks: readonly string[],
  sources: ReadonlyMap<string, readonly string[]>,
  keysOfMask: (name: string) => readonly string[],
): NamePair[] {
  return masks.flatMap((mask) => {
    const folder = maskFolderOf(mask);
    const found = [...new Set(keysOfMask(mask))].flatMap((key) => sources.get(key) ?? []);
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
  /** Next to it with the same folders below, or above it. */
  const holdsSourcesOf = (source: string): boolean => {
    const other = path.posix
      .dirname(source)
      .split('/')
      .filter((folder) => folder !== '.');
    if (above.some((folder, index) => other[index] !== folder)) return false;
    const rest = other.slice(above.length);
    return rest.join('/') === below || rest.slice(1).join('/') === below;
  };
  return { holdsSourcesOf };
}

function reasonFor({ name, isMask, index }: Candidate, unpaired: readonly Candidate[]): string {
  const wanted = isMask ? 'image or video' : 'mask';
  const folder = path.posix.dirname(name);
  const others = unpaired.filter(
    (other) => other.isMask !== isMask && other.index === index && path.posix.dirname(other.name) === folder,
  );
  if (others.length > 0) return `Its folder has more than one ${wanted} that could belong to it.`;
  const numbered = index === null ? '' : ` with the number ${index}`;
  return `Its folder has no ${wanted}${numbered} that belongs to it.`;
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
