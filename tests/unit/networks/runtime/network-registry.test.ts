import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeviceUsed } from '../../../../src/domain/job.js';
import { NetworkRegistry, type NetworkLease } from '../../../../src/networks/runtime/network-registry.js';
import { float32Output, float32Tensor } from '../../../../src/networks/runtime/tensor-session.js';
import { makeFakeOpener, type FakeOpener } from '../../../fakes/fake-session-opener.js';
import { makeModelFolder, type ModelFolder } from '../../../factories/onnx/model-folder.js';
import { addModel, denseModel } from '../../../factories/onnx/sample-models.js';

const FILE_BYTES = 1000;
const CPU = { device: 'cpu' } as const;

let models: ModelFolder;
let fake: FakeOpener;
let working: DeviceUsed[];

beforeEach(async () => {
  models = await makeModelFolder();
  fake = makeFakeOpener();
  working = ['cpu'];
  for (const id of ['a', 'b', 'c'])
    await models.add(id, { main: new Uint8Array(FILE_BYTES).fill(id.charCodeAt(0)) });
});
afterEach(() => models.remove());

const registryOf = (budgetFiles = 10): NetworkRegistry =>
  new NetworkRegistry({
    folder: models.path,
    memoryBudgetBytes: budgetFiles * FILE_BYTES,
    open: fake.open,
    prober: {
      verdict: (device) => Promise.resolve({ ok: working.includes(device), reason: `${device} probed` }),
    },
  });
const acquire = (
  registry: NetworkRegistry,
  id: string,
  preference: { device: 'auto' | DeviceUsed; strict?: boolean } = CPU,
) => registry.acquire({ id, files: ['main'], preference, warmUp: () => Promise.resolve() });
const use = async (registry: NetworkRegistry, id: string): Promise<void> =>
  (await acquire(registry, id)).release();
/** Ids by the first byte of the files. */
const names = (list: FakeOpener['opened']): string =>
  list.map(({ model }) => String.fromCharCode(model[0])).join('');

describe('the network registry', () => {
  it.each(['zzz', '../a', '', 'a/../b', 'A'])('does not find %p', async (id) => {
    await expect(acquire(registryOf(), id)).rejects.toMatchObject({ code: 'NETWORK_NOT_FOUND' });
  });

  it('loads once for many who ask at the same time', async () => {
    const registry = registryOf();
    let openGate = (): void => undefined;
    fake.gate = new Promise((resolve) => (openGate = resolve));
    const all = Promise.all([1, 2, 3].map(() => acquire(registry, 'a')));
    openGate();
    const leases = await all;
    expect(fake.opened).toHaveLength(1);
    leases.forEach((lease) => lease.release());
    await use(registry, 'a');
    expect(fake.opened).toHaveLength(1);
  });

  it('loads one network on two devices twice', async () => {
    working = ['cpu', 'webgpu'];
    const registry = registryOf();
    const leases = [await acquire(registry, 'a'), await acquire(registry, 'a', { device: 'webgpu' })];
    expect(leases.map((lease) => lease.device.used)).toEqual(['cpu', 'webgpu']);
    expect(leases.map((lease) => lease.session('main').device)).toEqual(['cpu', 'webgpu']);
  });

  it('lets a failed load be tried again', async () => {
    const registry = registryOf();
    fake.failNext = new Error('out of memory');
    const both = await Promise.allSettled([acquire(registry, 'a'), acquire(registry, 'a')]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await use(registry, 'a');
    expect(fake.opened).toHaveLength(2);
  });

  it.each(['auto', 'webgpu'] as const)(
    'blames a wrong digest on the file, not on the device (%s)',
    async (device) => {
      await appendFile(join(models.path, 'a', 'main.onnx'), 'x');
      working = ['cpu', 'webgpu'];
      const refusal = acquire(registryOf(), 'a', { device, strict: true });
      await expect(refusal).rejects.toMatchObject({ code: 'NETWORK_DIGEST_MISMATCH' });
      expect(fake.opened).toHaveLength(0);
    },
  );
});

describe('the memory budget', () => {
  it('drops the least recently used network', async () => {
    const registry = registryOf(2);
    for (const id of ['a', 'b', 'a', 'c']) await use(registry, id);
    expect(names(fake.closed)).toBe('b');
    await use(registry, 'a');
    expect(names(fake.opened)).toBe('abc');
  });

  it('never drops a network in use, and catches up when it is given back', async () => {
    const registry = registryOf(1);
    const leases: NetworkLease[] = [];
    for (const id of ['a', 'b', 'c']) leases.push(await acquire(registry, id));
    expect(fake.closed).toHaveLength(0);
    leases[0].release();
    leases[0].release();
    expect(names(fake.closed)).toBe('a');
    leases[1].release();
    leases[2].release();
    expect(names(fake.closed)).toBe('ab');
  });

  it('counts users: the first to give back does not end it for the second', async () => {
    const registry = registryOf(0);
    const [first, second] = [await acquire(registry, 'a'), await acquire(registry, 'a')];
    first.release();
    first.release();
    expect(fake.closed).toHaveLength(0);
    second.release();
    expect(names(fake.closed)).toBe('a');
  });

  it('makes room for a network in use from those out of use', async () => {
    const registry = registryOf(2);
    await use(registry, 'a');
    await use(registry, 'b');
    await acquire(registry, 'c');
    expect(names(fake.closed)).toBe('a');
  });
});

describe('closing the registry', () => {
  it('frees what is out of use now and the rest when it is given back', async () => {
    const registry = registryOf();
    await use(registry, 'a');
    const lease = await acquire(registry, 'b');
    await registry.close();
    expect(names(fake.closed)).toBe('a');
    lease.release();
    expect(names(fake.closed)).toBe('ab');
    await expect(acquire(registry, 'c')).rejects.toMatchObject({
      code: 'SHUTTING_DOWN',
      kind: 'unavailable',
    });
  });
});

describe('the device of a network', () => {
  it('is not tried when the probe refuses it', async () => {
    const lease = await acquire(registryOf(), 'a', { device: 'auto' });
    expect(fake.opened.map(({ device }) => device)).toEqual(['cpu']);
    expect(lease.device).toMatchObject({ requested: 'auto', used: 'cpu' });
    expect(lease.device.reason).toContain('cuda probed');
  });

  it('is refused and freed when the profile shows that nodes ran elsewhere', async () => {
    working = ['cpu', 'webgpu'];
    fake.placement = { cpu: 5, cuda: 0, webgpu: 0 };
    const lease = await acquire(registryOf(), 'a', { device: 'webgpu' });
    expect(lease.device.used).toBe('cpu');
    expect(lease.device.reason).toContain('only 0 of 5 node runs');
    expect(fake.closed.map(({ device }) => device)).toEqual(['webgpu']);
  });

  it('strict fails instead', async () => {
    working = ['cpu', 'webgpu'];
    fake.placement = { cpu: 5, cuda: 0, webgpu: 0 };
    const refusal = acquire(registryOf(), 'a', { device: 'webgpu', strict: true });
    await expect(refusal).rejects.toMatchObject({ code: 'DEVICE_NOT_AVAILABLE', kind: 'invalid' });
  });
});

describe('with the real runtime', () => {
  it('runs two graphs of one network', async () => {
    await models.add('pair', { add: addModel(), dense: denseModel() });
    const registry = new NetworkRegistry({ folder: models.path });
    const lease = await registry.acquire({ id: 'pair', files: ['add', 'dense'], preference: CPU });
    const x = float32Tensor(Float32Array.of(1, 2), [1, 2]);
    expect(
      Array.from(float32Output(await lease.session('add').run({ left: x, right: x }), 'sum', [1, 2])),
    ).toEqual([2, 4]);
    expect(Array.from(float32Output(await lease.session('dense').run({ x }), 'y', [1, 2]))).toEqual([7.5, 0]);
    expect(() => lease.session('other')).toThrow(expect.objectContaining({ code: 'NETWORK_NOT_FOUND' }));
    lease.release();
    await registry.close();
  });

  it('refuses a graph that is not what the manifest says', async () => {
    const record = (name: string, shape: (number | string)[]) => ({ name, dtype: 'float32', shape });
    const outputs = { add: [record('sum', ['N', 2])] };
    await models.add(
      'good',
      { add: addModel() },
      { inputs: { add: [record('right', ['M', 2]), record('left', ['M', 2])] }, outputs },
    );
    await models.add(
      'bad',
      { add: addModel() },
      { inputs: { add: [record('right', ['N', 3]), record('left', ['N', 2])] }, outputs },
    );
    const registry = new NetworkRegistry({ folder: models.path });
    (await registry.acquire({ id: 'good', files: ['add'], preference: CPU })).release();
    await expect(registry.acquire({ id: 'bad', files: ['add'], preference: CPU })).rejects.toMatchObject({
      code: 'MODEL_MISMATCH',
      message: expect.stringContaining('right float32 [?, 3]'),
    });
    await registry.close();
  });
});
