import { LRUCache } from 'lru-cache';
import { atMostEntries } from '../../../src/domain/cache-limits.js';

describe('cache limits', () => {
  it('a cache of at most two entries keeps the two that were used last', () => {
    const cache = new LRUCache<string, number>(atMostEntries(2));
    cache.set('a', 1).set('b', 2);
    cache.get('a');
    cache.set('c', 3);

    expect([...cache.keys()].sort()).toEqual(['a', 'c']);
    cache.set('a', 4);
    expect([...cache.entries()].sort()).toEqual([
      ['a', 4],
      ['c', 3],
    ]);
  });
});
