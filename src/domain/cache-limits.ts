/** LRUCache options that limit the number of entries. */
export interface EntryLimit {
  readonly maxSize: number;
  readonly sizeCalculation: () => number;
}

/**
 * Limits an `LRUCache` to `count` entries without preallocation: its option `max` would allocate some 60 bytes per
 * possible entry up front.
 */
export function atMostEntries(count: number): EntryLimit {
  return { maxSize: count, sizeCalculation: () => 1 };
}
