import { AppError } from '../../../../src/errors/app-error.js';
import type {
  CachedNetwork,
  CacheLease,
  NetworkCacheOptions,
} from '../../../../src/networks/runtime/cached-network.js';
import { NetworkCache } from '../../../../src/networks/runtime/network-cache.js';

const MEBIBYTE = 2 ** 20;

/** A network of one MiB that notes when it is opened and closed. */
interface FakeNetwork extends CachedNetwork {
  readonly name: string;
}

interface Wanted {
  readonly version?: string;
  readonly build?: string;
  readonly timeoutMs?: number;
  readonly force?: boolean;
}

/** Networks called `hanging` are never open, those called `broken` cannot be opened. */
function makeCache(options: Partial<NetworkCacheOptions> = {}) {
  const opened: string[] = [];
  const closed: string[] = [];
  const cache = new NetworkCache<FakeNetwork>({
    memoryBudgetBytes: Infinity,
    whenAllInUse: 'wait',
    refusedMs: 30_000,
    ...options,
  });
  const acquire = (id: string, { version = '1', build = 'a', ...rest }: Wanted = {}) => {
    const name = `${id}${build === 'a' ? '' : build}`;
    return cache.acquire({
      id,
      version,
      build,
      expectedBytes: MEBIBYTE,
      timeoutMs: 60_000,
      ...rest,
      create: () => ({
        name,
        memoryBytes: MEBIBYTE,
        open: async () => {
          opened.push(name);
          if (id === 'hanging') await new Promise(() => undefined);
          if (id === 'broken') throw new AppError('MODEL_INVALID', { message: 'It is broken.' });
          if (id === 'unlucky') throw new Error('out of memory');
        },
        close: async () => void closed.push(name),
      }),
    });
  };
  const use = async (id: string, wanted: Wanted = {}): Promise<CacheLease<FakeNetwork>> => {
    const lease = acquire(id, wanted);
    try {
      await lease.opened();
      return lease;
    } finally {
      lease.release();
    }
  };
  const hold = async (id: string, wanted: Wanted = {}): Promise<CacheLease<FakeNetwork>> => {
    const lease = acquire(id, wanted);
    await lease.opened();
    return lease;
  };
  return { cache, acquire, use, hold, opened, closed };
}

describe('a network that is being opened', () => {
  it('is opened once for all who ask', async () => {
    const { hold, opened, cache } = makeCache();
    const leases = await Promise.all([1, 2, 3].map(() => hold('a')));
    expect(opened).toEqual(['a']);
    expect(new Set(leases.map(({ handle }) => handle)).size).toBe(1);
    await hold('a');
    expect(cache.counts).toEqual({ hits: 1, misses: 1, evictions: 0 });
  });

  it('keeps no other waiting', async () => {
    const { acquire, use } = makeCache({ maxLoaded: 2 });
    acquire('hanging');
    await expect(use('broken')).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });

  it('keeps its place meanwhile, and requests that wait for that place are told so', async () => {
    const { acquire, use, opened } = makeCache({ maxLoaded: 1 });
    acquire('hanging');
    await expect(use('a', { timeoutMs: 20 })).rejects.toMatchObject({
      code: expect.stringMatching(/NETWORKS_BUSY|INFERENCE_TIMEOUT/),
    });
    expect(opened).toEqual(['hanging']);
  });

  it('goes on being opened when a request gives up', async () => {
    const { use, opened } = makeCache();
    const refused = {
      code: 'INFERENCE_TIMEOUT',
      kind: 'timeout',
      message: expect.stringContaining('hanging'),
    };
    await expect(use('hanging', { timeoutMs: 10 })).rejects.toMatchObject(refused);
    await expect(use('hanging', { timeoutMs: 10 })).rejects.toMatchObject(refused);
    expect(opened).toEqual(['hanging']);
  });
});

describe('a network that cannot be opened', () => {
  it('is refused again without another try, unless one is asked for', async () => {
    const { use, opened } = makeCache();
    for (const _ of [1, 2, 3])
      await expect(use('broken')).rejects.toMatchObject({ message: 'It is broken.' });
    expect(opened).toEqual(['broken']);
    await expect(use('broken', { force: true })).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    expect(opened).toEqual(['broken', 'broken']);
  });

  it('is tried again at once when the machine was to blame, or where nothing is remembered', async () => {
    const lucky = makeCache();
    for (const _ of [1, 2]) await expect(lucky.use('unlucky')).rejects.toThrow('out of memory');
    const forgetful = makeCache({ refusedMs: 0 });
    for (const _ of [1, 2]) await expect(forgetful.use('broken')).rejects.toThrow('broken');
    expect([lucky.opened.length, forgetful.opened.length]).toEqual([2, 2]);
  });

  it('leaves its place to others', async () => {
    const { use, opened } = makeCache({ maxLoaded: 1 });
    await expect(use('broken')).rejects.toThrow();
    await use('a');
    expect(opened).toEqual(['broken', 'a']);
  });
});

describe('a full cache', () => {
  it.each([
    ['by count', { maxLoaded: 2 }],
    ['by memory', { memoryBudgetBytes: 2 * MEBIBYTE }],
  ])('unloads the least recently used network first (%s)', async (_how, limits) => {
    const { use, closed, cache } = makeCache(limits);
    for (const id of ['a', 'b', 'a', 'c']) await use(id);
    expect(closed).toEqual(['b']);
    expect(cache.list().map(({ name }) => name)).toEqual(['c', 'a']);
    expect(cache.counts).toEqual({ hits: 1, misses: 3, evictions: 1 });
    expect(cache.memoryBytes).toBe(2 * MEBIBYTE);
  });

  it('waits until a network is released', async () => {
    const { use, hold, closed } = makeCache({ maxLoaded: 1 });
    const held = await hold('a');
    const waiting = use('b');
    expect(closed).toEqual([]);
    held.release();
    await waiting;
    expect(closed).toEqual(['a']);
  });

  it('keeps no request waiting beyond its time', async () => {
    const { use, hold } = makeCache({ maxLoaded: 1 });
    await hold('a');
    await expect(use('b', { timeoutMs: 10 })).rejects.toMatchObject({
      code: expect.stringMatching(/NETWORKS_BUSY|INFERENCE_TIMEOUT/),
    });
  });

  it('loads a network beside those in use where it must not wait, and catches up afterwards', async () => {
    const { hold, closed } = makeCache({ memoryBudgetBytes: MEBIBYTE, whenAllInUse: 'exceed' });
    const [a, b] = [await hold('a'), await hold('b')];
    expect(closed).toEqual([]);
    a.release();
    a.release();
    expect(closed).toEqual(['a']);
    b.release();
    expect(closed).toEqual(['a']);
  });

  it('lets a single network in whatever it takes', async () => {
    const { use, closed } = makeCache({ memoryBudgetBytes: 1 });
    await use('a');
    expect(closed).toEqual([]);
  });
});

describe('a network that is replaced or unloaded', () => {
  it.each(['wait', 'exceed'] as const)('is closed with its last lease (%s)', async (whenAllInUse) => {
    const { hold, acquire, closed, cache } = makeCache({ whenAllInUse });
    const old = await hold('a');
    const next = acquire('a', { build: 'b' });
    await hold('other');
    expect(closed).toEqual([]);
    old.release();
    await next.opened();
    expect(closed).toEqual(['a']);
    expect(cache.list().map(({ name }) => name)).toContain('ab');
  });

  it('goes with all its versions unless one is named', async () => {
    const { use, closed, cache } = makeCache();
    for (const version of ['1', '2', '3']) await use('a', { version });
    await use('b');
    expect(await cache.unload({ id: 'a', version: '2' })).toBe(true);
    expect(closed).toEqual(['a']);
    expect(await cache.unload({ id: 'a' })).toBe(true);
    expect(cache.list().map(({ name }) => name)).toEqual(['b']);
    expect(await cache.unload({ id: 'a' })).toBe(false);
  });

  it('is waited for while it is in use', async () => {
    const { hold, closed, cache } = makeCache();
    const lease = await hold('a');
    const unloaded = cache.unload({ id: 'a' }).then(() => [...closed]);
    await hold('b');
    lease.release();
    expect(await unloaded).toEqual(['a']);
  });
});

describe('closing the cache', () => {
  it('leaves networks in use to their last lease, unless it is forced', async () => {
    const gentle = makeCache();
    const lease = await gentle.hold('a');
    await gentle.use('b');
    await gentle.cache.close();
    expect(gentle.closed).toEqual(['b']);
    lease.release();
    expect(gentle.closed).toEqual(['b', 'a']);
    expect(() => gentle.acquire('c')).toThrow(expect.objectContaining({ code: 'SHUTTING_DOWN' }));

    const forced = makeCache();
    const held = await forced.hold('a');
    await forced.cache.close({ force: true });
    held.release();
    expect(forced.closed).toEqual(['a']);
  });
});
