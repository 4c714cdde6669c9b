import { setImmediate as nextTurn } from 'node:timers/promises';
import { readCatalogue, requireEntry } from '../../../../../scripts/models/catalogue-file.js';
import { openIsolatedNetwork } from '../../../../../src/networks/inpainting/isolated-network/isolated-network.js';
import { miganLike } from '../../../../factories/onnx/migan-like.js';
import { makeModelFolder, type ModelFolder } from '../../../../factories/onnx/model-folder.js';
import { detectConfinementTools } from '../../../../../src/supervision/confinement.js';
import { untilGoneWithParent } from '../../../../support/killed-parent.js';
import { holeOf, paint } from '../../../../factories/images/inpainting-images.js';

const LONG = 600_000;
let models: ModelFolder;
beforeAll(async () => {
  models = await makeModelFolder();
  const { manifest, task, kind } = requireEntry(await readCatalogue(), 'migan_pipeline_v2');
  await models.add('hangs', { model: miganLike('white') }, { ...manifest, task, kind });
  // 1.2 GB.
  await models.add('hoards', { model: miganLike('white', 300_000_000) }, { ...manifest, task, kind });
});
afterAll(() => models.remove());

const open = (
  limits: { timeoutMs: number; maxRssBytes?: number },
  { signal = new AbortController().signal, id = 'hangs' } = {},
) =>
  openIsolatedNetwork(
    { modelsDirectory: models.path, id, preference: { device: 'cpu', strict: false } },
    limits,
    signal,
  );
const hole = holeOf(64, 64, { left: 8, top: 8, width: 16, height: 16 });
const grey = () => paint(64, 64, () => [90, 90, 90]);
const white = () => paint(64, 64, () => [255, 255, 255]);
/** Waits until no child of this process is left. */
async function allEnded(): Promise<void> {
  while (process.getActiveResourcesInfo().includes('ProcessWrap')) await nextTurn();
}

describe('the process of an installed network', () => {
  it('fills one image after the other, and is gone once the network is released', async () => {
    const network = await open({ timeoutMs: LONG });
    expect(network.lease).toMatchObject({ device: { used: 'cpu' }, identity: { id: 'hangs' } });
    for (const image of [grey(), grey()]) {
      await network.run(image, hole);
      expect([...image.data.subarray(0, 3)]).toEqual([90, 90, 90]);
      expect([...image.data.subarray(3 * (64 * 10 + 10), 3 * (64 * 10 + 10) + 3)]).toEqual([10, 20, 30]);
    }
    network.lease.release();
    await expect(network.run(grey(), hole)).rejects.toThrow('was released');
    await allEnded();
  });

  it('is ended by an abort in the middle of a run; the image stays as it was', async () => {
    const network = await open({ timeoutMs: LONG });
    const controller = new AbortController();
    const reason = new Error('cancelled');
    const image = white();
    const run = network.run(image, hole, controller.signal);
    controller.abort(reason);
    await expect(run).rejects.toBe(reason);
    await expect(network.run(grey(), hole)).rejects.toBe(reason);
    await allEnded();
    expect(image.data).toEqual(white().data);
  });

  (process.platform === 'linux' ? it : it.skip)('is ended when it takes memory without end', async () => {
    const network = await open({ timeoutMs: LONG, maxRssBytes: 600 * 2 ** 20 }, { id: 'hoards' });
    const neighbour = await open({ timeoutMs: LONG });
    await network.run(grey(), hole);
    await expect(network.run(white(), hole)).rejects.toMatchObject({
      code: 'NETWORK_MEMORY',
      kind: 'invalid',
    });
    const image = grey();
    await neighbour.run(image, hole);
    expect([...image.data.subarray(3 * (64 * 10 + 10), 3 * (64 * 10 + 10) + 3)]).toEqual([10, 20, 30]);
    neighbour.lease.release();
    await allEnded();
  });

  (detectConfinementTools().setpriv ? it : it.skip)('is gone with an engine that is killed', async () => {
    const module = (file: string) => JSON.stringify(new URL(`../../../../../${file}`, import.meta.url).href);
    await untilGoneWithParent(`
      const { openIsolatedNetwork } = await import(${module('src/networks/inpainting/isolated-network/isolated-network.js')});
      const { descendants } = await import(${module('tests/support/running-stack.js')});
      const network = await openIsolatedNetwork(
        { modelsDirectory: ${JSON.stringify(models.path)}, id: 'hangs', preference: { device: 'cpu', strict: false } },
        {},
        new AbortController().signal,
      );
      const white = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).fill(255) };
      void network.run(white, { width: 64, height: 64, data: new Uint8Array(64 * 64).fill(255) });
      setTimeout(() => console.log(descendants(process.pid, 'isolated-network')[0]), 100);`);
  });

  it('passes on what the network throws, and goes on', async () => {
    const network = await open({ timeoutMs: LONG });
    const odd = paint(5, 7, () => [1, 2, 3]);
    const itsHole = holeOf(5, 7, { left: 1, top: 1, width: 2, height: 2 });
    await expect(network.run(odd, itsHole)).rejects.toMatchObject({ code: 'MODEL_MISMATCH' });
    await network.run(grey(), hole);
    network.lease.release();
  });
});
