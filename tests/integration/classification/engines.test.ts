import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Classification, ClassifySource } from '../../../src/domain/network.js';
import {
  ModelServerPool,
  type ModelServerPoolOptions,
} from '../../../src/engines/model-server/model-server-pool.js';
import { detectConfinementTools } from '../../../src/supervision/confinement.js';
import { untilGone, untilGoneWithParent } from '../../support/killed-parent.js';
import { poolOptions } from '../../support/pool-options.js';
import { plainImage } from '../../factories/images/plain-image.js';
import { colourManifest, colourNetwork } from '../../factories/onnx/colour-network.js';
import { makeModelFolder, type ModelFolder } from '../../factories/onnx/model-folder.js';
import { hoardingNetwork } from '../../factories/onnx/endless-network.js';
import { slowNetwork } from '../../factories/onnx/slow-network.js';

const MEBIBYTE = 2 ** 20;

let models: ModelFolder;
let pool: ModelServerPool;
let red: ClassifySource;

beforeAll(async () => {
  models = await makeModelFolder();
  for (const id of ['one', 'two', 'three'])
    await models.add(id, { model: colourNetwork({ gain: 4 }) }, colourManifest());
  await models.add('single', { model: colourNetwork({ gain: 4, batch: 1 }) }, colourManifest());
  await models.add('fours', { model: colourNetwork({ gain: 4, batch: 4 }) }, colourManifest());
  const eager = { batching: { maxBatch: 16, maxDelayMs: 1000, maxQueue: 64 } };
  await models.add('eager', { model: colourNetwork({ gain: 4 }) }, colourManifest(eager));
  const narrow = { batching: { maxBatch: 1, maxDelayMs: 0, maxQueue: 2 } };
  await models.add('hoards', { model: hoardingNetwork() }, { task: 'loop' });
  await models.add('slow', { model: slowNetwork() }, { task: 'loop' });
  await models.add('narrow', { model: slowNetwork() }, { task: 'loop', ...narrow });
  red = { kind: 'image', bytes: await plainImage([250, 10, 10]) };
});

afterEach(() => pool.close());
afterAll(() => models.remove());

function openPool(options: Partial<ModelServerPoolOptions> = {}): ModelServerPool {
  pool = new ModelServerPool({ ...poolOptions(models.path), ...options });
  return pool;
}

const classify = (
  id: string,
  source: ClassifySource = red,
  more: { timeoutMs?: number } = {},
): Promise<Classification> => pool.classify({ id, source, options: { topK: 1, threshold: 0 }, ...more });

/** Runs the slow graph for about so many steps. */
const loop = (steps: number, timeoutMs?: number, signal?: AbortSignal, id = 'slow') =>
  pool.infer({
    id,
    timeoutMs,
    signal,
    feeds: { steps: { dtype: 'int64', dims: [], data: BigInt64Array.of(BigInt(steps)) } },
  });
const FOR_EVER = 2_000_000_000;

const pids = (): number[] => pool.loaded().flatMap(({ engines }) => engines.map(({ pid }) => pid));

const FIELD_UTIME = 11;

/** Resolves when the process has computed for a fifth of a second (field 14 of proc(5), in hundredths). */
async function isBusy(pid: number): Promise<void> {
  const ticks = async (): Promise<number> => {
    const status = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
    return Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[FIELD_UTIME]);
  };
  const before = await ticks();
  while ((await ticks()) < before + 20) await setImmediate();
}

describe('batches', () => {
  it('images that come together run together, each with its own answer', async () => {
    openPool();
    const colours = [
      [250, 10, 10],
      [10, 250, 10],
      [10, 10, 250],
    ] as const;
    const sources = await Promise.all(
      Array.from({ length: 16 }, async (_, index): Promise<ClassifySource> => {
        return { kind: 'image', bytes: await plainImage(colours[index % 3]) };
      }),
    );
    await pool.load({ id: 'eager' });
    // The engine stands still until requests wait for it; how many it then has at once depends on its speed so far.
    const [engine] = pids();
    process.kill(engine, 'SIGSTOP');
    const requests = Promise.all(sources.map((source) => classify('eager', source)));
    while (pool.loaded()[0].inFlight < sources.length) await setImmediate();
    process.kill(engine, 'SIGCONT');
    const answers = await requests;
    answers.forEach(({ predictions }, index) => expect(predictions[0].index).toBe(index % 3));
    const [{ counts }] = pool.loaded();
    expect(counts.answered).toBe(16);
    expect(counts.runs).toBeLessThan(counts.answered);
  });

  it.each([
    ['single', 1],
    ['fours', 4],
  ])('a graph whose batch is fixed is fed exactly that: %s', async (id, batch) => {
    openPool();
    const answers = await Promise.all(Array.from({ length: 5 }, () => classify(id)));
    answers.forEach(({ predictions }) => expect(predictions[0].label).toBe('red'));
    expect(pool.loaded()[0].maxBatch).toBe(batch);
  });

  it('more than the queue holds is refused at once', async () => {
    openPool();
    await pool.load({ id: 'narrow' });
    const stop = new AbortController();
    const ask = () => loop(FOR_EVER, undefined, stop.signal, 'narrow');
    const running = ask();
    await isBusy(pids()[0]);
    const refusals: unknown[] = [];
    const others = Array.from({ length: 5 }, () =>
      ask().catch((error: unknown) => {
        if (!stop.signal.aborted) refusals.push(error);
      }),
    );
    // The one that runs and one more fill the queue.
    while (refusals.length < 4) await setImmediate();
    stop.abort();
    await Promise.allSettled([running, ...others]);
    expect(refusals).toHaveLength(4);
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({ code: 'QUEUE_FULL', kind: 'unavailable', retryAfterSeconds: 1 });
    }
  });
});

describe('engines of one network', () => {
  const crowd = async (requests: number): Promise<number> => {
    openPool({ enginesPerNetwork: 2 });
    await pool.load({ id: 'eager' });
    await Promise.all(Array.from({ length: requests }, () => classify('eager')));
    // Another one may still be opening its network; closing would end it unseen.
    while (requests > 4 && pids().length < 2) await setImmediate();
    return pids().length;
  };

  it('a few requests at once need no second one', async () => {
    expect(await crowd(4)).toBe(1);
  });

  it('more get one, long before a whole batch waits', async () => {
    expect(await crowd(5)).toBe(2);
  });
});

describe('what is in memory', () => {
  it('however many ask, a network is loaded once', async () => {
    openPool();
    await Promise.all(Array.from({ length: 8 }, () => classify('one')));
    expect(pids()).toHaveLength(1);
    expect(pool.report().cache).toMatchObject({ misses: 1, evictions: 0 });
  });

  it('beyond the count the one used longest ago goes, and its process with it', async () => {
    openPool({ maxLoaded: 2 });
    await classify('one');
    const [first] = pids();
    await classify('two');
    await classify('one');
    await classify('three');
    expect(pool.loaded().map(({ id }) => id)).toEqual(['three', 'one']);
    expect(pids()).toContain(first);
    expect(pool.report().cache.evictions).toBe(1);
  });

  it('beyond the bytes too', async () => {
    openPool({ maxLoaded: 10, memoryBudgetBytes: 150 * MEBIBYTE });
    await classify('one');
    await classify('two');
    expect(pool.loaded().map(({ id }) => id)).toEqual(['two']);
  });

  it('a network in use is never pushed out: the other waits, and gives up at its own limit', async () => {
    openPool({ maxLoaded: 1 });
    await pool.load({ id: 'slow' });
    const abort = new AbortController();
    const running = loop(FOR_EVER, undefined, abort.signal).catch((error: unknown) => error);
    const refused = await classify('one', red, { timeoutMs: 1500 }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ kind: expect.stringMatching(/unavailable|timeout/) });
    expect(pool.loaded().map(({ id }) => id)).toEqual(['slow']);
    abort.abort(new Error('seen enough'));
    expect(await running).toMatchObject({ message: 'seen enough' });
  });

  it('unloading ends the process, after what runs on it', async () => {
    openPool();
    await pool.load({ id: 'one' });
    const [pid] = pids();
    const answer = classify('one');
    while (pool.loaded()[0].inFlight === 0) await setImmediate();
    expect(await pool.unload({ id: 'one' })).toBe(true);
    expect((await answer).predictions[0].label).toBe('red');
    await untilGone(pid);
    expect(await pool.unload({ id: 'one' })).toBe(false);
  });

  it('unloading waits for a network that is still being opened', async () => {
    openPool();
    const loading = pool.load({ id: 'one' });
    while (pool.report().cache.misses === 0) await setImmediate();
    expect(await pool.unload({ id: 'one' })).toBe(true);
    await loading;
    expect(pool.loaded()).toEqual([]);
  });

  it('a file that is replaced is loaded again', async () => {
    openPool();
    await models.add('changing', { model: colourNetwork({ gain: 4 }) }, colourManifest());
    expect((await classify('changing')).predictions[0].label).toBe('red');
    await models.add('changing', { model: colourNetwork({ gain: -4 }) }, colourManifest());
    expect((await classify('changing')).predictions[0].label).not.toBe('red');
    expect(pool.loaded()).toHaveLength(1);
  });
});

describe('when something goes wrong', () => {
  it('a run beyond its limit is really stopped, and the network serves on', async () => {
    openPool();
    await pool.load({ id: 'slow' });
    const [pid] = pids();
    await expect(loop(FOR_EVER, 4000)).rejects.toMatchObject({ code: 'INFERENCE_TIMEOUT', kind: 'timeout' });
    await untilGone(pid);
    const { done } = await loop(10);
    expect(Number(done.data[0])).toBe(10);
  });

  it('one who only waited in a process that was stopped is answered by the next', async () => {
    openPool();
    await pool.load({ id: 'slow' });
    const stuck = loop(FOR_EVER, 1500).catch((error: unknown) => error);
    const behind = loop(7);
    expect(await stuck).toMatchObject({ code: 'INFERENCE_TIMEOUT' });
    expect(Number((await behind).done.data[0])).toBe(7);
  });

  it('a process that is killed from outside costs nobody an answer', async () => {
    openPool();
    await pool.load({ id: 'one' });
    const [pid] = pids();
    const answers = Promise.all(Array.from({ length: 6 }, () => classify('one')));
    process.kill(pid, 'SIGKILL');
    (await answers).forEach(({ predictions }) => expect(predictions[0].label).toBe('red'));
    expect(pids()).not.toContain(pid);
  });

  it('a caller in a hurry gets an error in time, and the others keep their process', async () => {
    openPool();
    await pool.load({ id: 'slow' });
    const [pid] = pids();
    // Long enough to be under way when its caller gives up, and over long before it would be stopped.
    const hurried = loop(50_000, 1).catch((error: unknown) => error);
    const patient = loop(9);
    expect(await hurried).toMatchObject({ code: 'INFERENCE_TIMEOUT' });
    expect(Number((await patient).done.data[0])).toBe(9);
    expect(pids()).toEqual([pid]);
  });

  it('what a caller who has gone left running is stopped at its limit all the same', async () => {
    openPool();
    await pool.load({ id: 'slow' });
    const [pid] = pids();
    const abort = new AbortController();
    // What the process has to do before its first answer is over then.
    await loop(1);
    const left = loop(FOR_EVER, 4000, abort.signal).catch((error: unknown) => error);
    const behind = loop(7);
    await isBusy(pid);
    abort.abort(new Error('gone'));
    expect(await left).toMatchObject({ message: 'gone' });
    expect(Number((await behind).done.data[0])).toBe(7);
    await untilGone(pid);
  });

  it('a caller who has gone is dropped', async () => {
    openPool();
    await pool.load({ id: 'one' });
    const abort = new AbortController();
    const gone = new Error('gone');
    const answer = pool.classify({
      id: 'one',
      source: red,
      options: { topK: 1, threshold: 0 },
      signal: abort.signal,
    });
    abort.abort(gone);
    await expect(answer).rejects.toBe(gone);
    expect(pool.loaded()[0].inFlight).toBe(0);
  });

  it('a network that needs more memory than allowed is refused as such', async () => {
    openPool({ maxRssBytes: 40 * MEBIBYTE });
    await expect(pool.load({ id: 'one' })).rejects.toMatchObject({ code: 'NETWORK_MEMORY', kind: 'invalid' });
    expect(pool.loaded()).toEqual([]);
  });

  it('a run that takes memory without end is stopped, and other networks serve on', async () => {
    openPool({ maxRssBytes: 600 * MEBIBYTE });
    await pool.load({ id: 'one' });
    const [neighbour] = pids();
    // 1.2 GB.
    const count = { dtype: 'int64' as const, dims: [1], data: BigInt64Array.of(300_000_000n) };
    const refused = { code: 'NETWORK_MEMORY', kind: 'invalid' };
    await expect(pool.infer({ id: 'hoards', feeds: { count } })).rejects.toMatchObject(refused);
    expect((await classify('one')).predictions[0].label).toBe('red');
    expect(pids()).toContain(neighbour);
  });

  (detectConfinementTools().setpriv ? it : it.skip)(
    'an engine that computes without end is gone with the process that started it',
    async () => {
      const module = (file: string) => JSON.stringify(new URL(`../../../${file}`, import.meta.url).href);
      await untilGoneWithParent(`
        const { ModelServerPool } = await import(${module('src/engines/model-server/model-server-pool.js')});
        const { poolOptions } = await import(${module('tests/support/pool-options.js')});
        const pool = new ModelServerPool(poolOptions(${JSON.stringify(models.path)}));
        await pool.load({ id: 'slow' });
        const steps = { dtype: 'int64', dims: [], data: BigInt64Array.of(${String(FOR_EVER)}n) };
        void pool.infer({ id: 'slow', feeds: { steps } });
        setTimeout(() => console.log(pool.loaded()[0].engines[0].pid), 100);`);
    },
  );

  it('a network that cannot be opened in time is refused as such', async () => {
    openPool({ loadTimeoutMs: 1 });
    await expect(pool.load({ id: 'one' })).rejects.toMatchObject({ code: 'NETWORK_LOAD_TIMEOUT' });
  });

  it('bytes that are not those of the manifest are not opened', async () => {
    openPool();
    await models.add('forged', { model: colourNetwork() }, colourManifest());
    await writeFile(path.join(models.path, 'forged', 'model.onnx'), colourNetwork({ gain: 9 }));
    await expect(classify('forged')).rejects.toMatchObject({ code: 'NETWORK_DIGEST_MISMATCH' });
  });
});
