import type { RateCountRepository } from '../../../src/domain/rate-count.js';
import { DatabaseSharedCounts } from '../../../src/services/shared-counts.js';
import { InMemoryRateCountRepository } from '../../fakes/in-memory-rate-count.repository.js';

const options = { name: 'tests', windowSeconds: 60, maxWaitMs: 5 };
const pointsOf = async (counting: Promise<{ points: number }>[]) =>
  (await Promise.all(counting)).map(({ points }) => points).sort((a, b) => a - b);

/** A store whose statements are counted, and fail or hang on demand. */
function observed() {
  const inner = new InMemoryRateCountRepository();
  const seen = { statements: 0, broken: false, silent: false };
  const watch = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    seen.statements += 1;
    if (seen.broken) throw new Error('the database is away');
    if (seen.silent) return new Promise<never>(() => undefined);
    return work();
  };
  const store: RateCountRepository = {
    add: (key, points, seconds) => watch(() => inner.add(key, points, seconds)),
    find: (key) => watch(() => inner.find(key)),
    remove: (key) => watch(() => inner.remove(key)),
  };
  return { store, seen };
}

describe('shared counts', () => {
  it('of two processes at the same time every point gets a number of its own', async () => {
    const { store } = observed();
    const [one, other] = [new DatabaseSharedCounts(store, options), new DatabaseSharedCounts(store, options)];
    const counting = Array.from({ length: 20 }, (_, index) => (index % 2 ? one : other).add('a'));
    expect(await pointsOf(counting)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it('points that come together go to the database together', async () => {
    const { store, seen } = observed();
    const counts = new DatabaseSharedCounts(store, options);
    await Promise.all(Array.from({ length: 500 }, () => counts.add('a')));
    expect(seen.statements).toBeLessThanOrEqual(2);
    expect((await store.find('tests a'))?.points).toBe(500);
  });

  it('keys and kinds are counted apart', async () => {
    const { store } = observed();
    const others = new DatabaseSharedCounts(store, { ...options, name: 'others' });
    const counts = new DatabaseSharedCounts(store, options);
    await Promise.all([counts.add('a'), counts.add('b'), others.add('a')]);
    expect([counts.peek('a'), counts.peek('b'), others.peek('a')].map(({ points }) => points)).toEqual([
      1, 1, 1,
    ]);
  });

  it.each(['broken', 'silent'] as const)(
    'with a database that is %s the process counts alone, from what it knew, without asking again and again',
    async (failure) => {
      const { store, seen } = observed();
      const [one, other] = [
        new DatabaseSharedCounts(store, options),
        new DatabaseSharedCounts(store, options),
      ];
      await one.add('a');
      await other.add('a');
      seen[failure] = true;
      for (let index = 0; index < 50; index += 1) await other.add('a');
      expect(other.peek('a').points).toBe(52);
      expect(seen.statements).toBeLessThanOrEqual(4);
    },
  );

  it('what was counted during an outage is shared afterwards', async () => {
    let clock = 1_000_000;
    const { store, seen } = observed();
    const counts = new DatabaseSharedCounts(store, { ...options, now: () => clock });
    seen.broken = true;
    await Promise.all([counts.add('a'), counts.add('a')]);
    seen.broken = false;
    clock += 5_001;
    expect((await counts.add('a')).points).toBe(3);
    expect((await store.find('tests a'))?.points).toBe(3);
  });
});
