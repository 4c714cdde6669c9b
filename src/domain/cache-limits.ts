/** Options of a cache of at most so many entries. */
export interface EntryLimit {
  readonly maxSize: number;
  readonly sizeCalculation: () => number;
}

/**
 * Limits an `LRUCache` to `count` entries without preallocation: its option `max` allocates memory
 * for all of them at once, some 60 bytes each.
 */
export function atMostEntries(count: number): EntryLimit {
  return { maxSize: count, sizeCalculation: () => 1 };
}
