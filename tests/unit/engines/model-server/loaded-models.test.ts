import type { NetworkSource } from '../../../../src/domain/network.js';
import { AppError } from '../../../../src/errors/app-error.js';
import { Replicas } from '../../../../src/engines/model-server/replicas.js';
import { LoadedModels } from '../../../../src/engines/model-server/loaded-models.js';

const source = (id: string): NetworkSource => ({
  folder: '/nowhere',
  network: {
    id,
    version: '1.0.0',
    task: 'classification',
    sha256: id,
    bytes: 1,
    layout: 'folder',
    manifest: {},
    preprocessing: null,
    licence: null,
    source: null,
    classes: null,
    problem: null,
  },
});

const broken = (): AppError => new AppError('MODEL_INVALID', { message: 'It is broken.' });

/** `hanging` is never open, all others are broken; counts how often each was tried. */
function networks(maxLoaded = 2) {
  const tries: string[] = [];
  const resident = new LoadedModels({
    maxLoaded,
    memoryBudgetBytes: Infinity,
    idleTimeoutMs: 1000,
    create: (one) =>
      new Replicas({
        source: one,
        maxEngines: 1,
        maxQueue: 10,
        shrinkAfterMs: 1000,
        start: () => {
          tries.push(one.network.id);
          return one.network.id === 'hanging' ? new Promise(() => undefined) : Promise.reject(broken());
        },
      }),
  });
  const use = (id: string, options: { timeoutMs?: number; anew?: boolean } = {}) =>
    resident.use(source(id), { timeoutMs: 60_000, ...options }, async () => 'used');
  return { tries, use };
}

test('a network that hangs while it is opened keeps no other waiting', async () => {
  const { use } = networks();
  use('hanging', { timeoutMs: 500 }).catch(() => undefined);
  await expect(use('other')).rejects.toMatchObject({ code: 'MODEL_INVALID' });
});

test('it keeps its place meanwhile, and requests that wait for that place are told so', async () => {
  const { use, tries } = networks(1);
  use('hanging', { timeoutMs: 500 }).catch(() => undefined);
  await expect(use('other', { timeoutMs: 20 })).rejects.toMatchObject({
    code: expect.stringMatching(/NETWORKS_BUSY|INFERENCE_TIMEOUT/),
  });
  expect(tries).toEqual(['hanging']);
});

test('a request that gives up learns that the network goes on being opened', async () => {
  const { use, tries } = networks();
  const refused = { code: 'INFERENCE_TIMEOUT', kind: 'timeout', message: expect.stringContaining('hanging') };
  await expect(use('hanging', { timeoutMs: 10 })).rejects.toMatchObject(refused);
  await expect(use('hanging', { timeoutMs: 10 })).rejects.toMatchObject(refused);
  expect(tries).toEqual(['hanging']);
});

test('what is wrong with a network is told again without another try, unless one is asked for', async () => {
  const { use, tries } = networks();
  for (const _ of [1, 2, 3]) await expect(use('other')).rejects.toMatchObject({ message: 'It is broken.' });
  expect(tries).toEqual(['other']);
  await expect(use('other', { anew: true })).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  expect(tries).toEqual(['other', 'other']);
});
