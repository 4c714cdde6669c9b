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

/** A source and its mask, paired by name. */
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

/** Facts about the files besides their names. */
export interface FileFacts {
  /** Whether the file is an image or video that could be opened. */
  isUsable(name: string): boolean;
}

const ALL_USABLE: FileFacts = { isUsable: () => true };

/**
 * Pairs the files of an archive by name. Unusable files take part, so that their partners are not paired with
 * other files.
 * Order of rules in each folder: equal names apart from a word for "mask"; then equal last numbers, if the
 * words do not contradict; then the only remaining source with the only remaining mask, unless both have
 * numbers. Files left over in a mask folder are paired with those of the folder next to it or above it, by
 * name and then by number.
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
  // In the order of the archive, so that items keep the user's order.
  const order = new Map(names.map((name, index) => [name, index]));
  const placeOf = ({ source }: NamePair): number => order.get(source) ?? 0;
  return { pairs: pairs.sort((one, other) => placeOf(one) - placeOf(other)), alone };
}

function without(names: readonly string[], pairs: readonly NamePair[]): string[] {
  const paired = new Set(pairs.flatMap(({ source, mask }) => [source, mask]));
  return names.filter((name) => !paired.has(name));
}

/** Other files, such as notes and labels, take part in pairing by full name only. */
const isMedia =
  ({ isUsable }: FileFacts) =>
  (name: string): boolean =>
    namesMedia(name) || isUsable(name);

function toCandidate(name: string): Candidate {
  return { name, isMask: isMaskFile(name), index: lastNumber(name) };
}

/** Pairs files of which exactly one is named as the mask of exactly one other. */
function pairByName(names: readonly string[], facts: FileFacts): NamePair[] {
  const pairs: NamePair[] = [];
  for (const closeness of CLOSENESS) {
    const left = without(names, pairs);
    const byKey = groupBy(left, (name) => sourceKey(name, closeness));
    const matches = left.flatMap((mask) => {
      const sources = maskKeys(mask, closeness).flatMap((key) => byKey.get(key) ?? []);
      return sources.filter((source) => source !== mask).map((source) => ({ source, mask }));
    });
    pairs.push(...unambiguousMatches(matches, facts));
  }
  return pairs;
}

/**
 * Matches that are unambiguous, and of ambiguous ones (`dog.heic` and `dog.jpg`) those that become so when
 * only usable files count.
 */
function unambiguousMatches(matches: readonly NamePair[], { isUsable }: FileFacts): NamePair[] {
  const clear = onlyMatches(matches);
  const taken = new Set(clear.flatMap(({ source, mask }) => [source, mask]));
  const usable = matches.filter((match) =>
    [match.source, match.mask].every((name) => isUsable(name) && !taken.has(name)),
  );
  return [...clear, ...onlyMatches(usable)];
}

/**
 * Matches whose files appear in no other match. A file that is itself a mask, as in `mask_mask_1`, cannot be
 * a source.
 */
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

/**
 * Pairs files with equal numbers, then the last two files. @param members all images and videos of the folder
 */
function pairByNumber(candidates: readonly Candidate[], members: readonly string[]): NamePair[] {
  const left = [...candidates];
  const pairs: NamePair[] = [];
  const lone = members.length === 2;
  const agree = lone ? () => true : agreement(left);
  const indices = new Set(left.flatMap(({ index }) => (index === null ? [] : [index])));
  for (const index of indices) {
    const sameIndex = left.filter((candidate) => candidate.index === index);
    takePair(left, { candidates: sameIndex, agree, pairs });
  }
  const numbered = left.length === 2 && left.every(({ index }) => index !== null);
  if (left.length === 2 && !numbered) takePair(left, { candidates: left, agree, pairs });
  return pairs;
}

type Agree = (source: string, mask: string) => boolean;

/**
 * Whether the words of two names are compatible: every word of the mask occurs in its source (`mask_1`, or
 * `dog mask 1` for `dog 1`), or both belong to a series, in which all masks share the same words and all
 * sources share the same words.
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

interface PairCandidates {
  readonly candidates: readonly Candidate[];
  readonly agree: Agree;
  readonly pairs: NamePair[];
}

/** Pairs the source and the mask among `candidates` if there is exactly one of each. */
function takePair(left: Candidate[], { candidates, agree, pairs }: PairCandidates): void {
  const sources = candidates.filter(({ isMask }) => !isMask);
  const masks = candidates.filter(({ isMask }) => isMask);
  if (sources.length !== 1 || masks.length !== 1) return;
  const pair = { source: sources[0].name, mask: masks[0].name };
  if (!agree(pair.source, pair.mask)) return;
  pairs.push(pair);
  for (const taken of [sources[0], masks[0]]) left.splice(left.indexOf(taken), 1);
}

/** Pairs files in mask folders with files in folders next to or above them. */
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
    pairs.push(...unambiguousMatches(matches, facts));
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

/** Whether a file of an archive is meant as a mask, by its name or that of a folder. */
export const isMaskEntry = (name: string): boolean => isMaskFile(name) || maskFolderOf(name) !== null;

/** The innermost mask folder that contains a file; null when there is none. */
function maskFolderOf(name: string) {
  const folders = path.posix.dirname(name).split('/');
  const at = folders.findLastIndex(namesMask);
  if (at < 0) return null;
  const above = folders.slice(0, at);
  const below = folders.slice(at + 1).join('/');
  /** Whether a source lies in a sibling folder with the same subfolders, or in the parent folder. */
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
