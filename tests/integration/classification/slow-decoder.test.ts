import { setImmediate } from 'node:timers/promises';
import { ModelServerPool } from '../../../src/engines/model-server/model-server-pool.js';
import { colourManifest, colourNetwork } from '../../factories/onnx/colour-network.js';
import { makeModelFolder, type ModelFolder } from '../../factories/onnx/model-folder.js';
import { vastPng } from '../../factories/images/laborious.js';
import { poolOptions } from '../../support/pool-options.js';

/** Its decoder works for seconds. */
const SIDE = 30_000;
const LIMIT_MS = 300;
const OPTIONS = { topK: 1, threshold: 0 };

let models: ModelFolder;
let pool: ModelServerPool;

describe('slow decoder', () => {
  beforeAll(async () => {
    models = await makeModelFolder();
    await models.add('colours', { model: colourNetwork({ gain: 4 }) }, colourManifest());
  });
  beforeEach(() => {
    // The decoder's own limit does not come in time, as with decoders that do not look at it.
    const image = { maxBytes: 2 ** 24, maxPixels: SIDE * SIDE, maxSide: SIDE, timeoutSeconds: 600 };
    pool = new ModelServerPool({ ...poolOptions(models.path), timeoutMs: LIMIT_MS, image });
  });
  afterEach(() => pool.close());
  afterAll(() => models.remove());

  /** Resolves when another process than `pid` holds the network. */
  async function untilReplaced(pid: number): Promise<void> {
    while (pool.loaded().some(({ engines }) => engines.some((engine) => engine.pid === pid)))
      await setImmediate();
  }

  it('an image that keeps its decoder longer than the limit costs the engine, though its caller has gone', async () => {
    const patient = { id: 'colours', timeoutMs: 600_000 };
    await pool.load(patient);
    const [{ pid }] = pool.loaded()[0].engines;
    const source = { kind: 'image', bytes: vastPng(SIDE) } as const;
    await expect(pool.classify({ id: 'colours', options: OPTIONS, source })).rejects.toMatchObject({
      code: expect.stringMatching(/^(INFERENCE_TIMEOUT|PICTURE_TOO_SLOW)$/),
    });
    await untilReplaced(pid);
    // What needs no decoder is answered by the next one.
    const tensor = { dtype: 'float32', dims: [1, 3, 8, 8], data: new Float32Array(192) } as const;
    const answer = await pool.classify({ ...patient, options: OPTIONS, source: { kind: 'tensor', tensor } });
    expect(answer.predictions).toHaveLength(1);
  });
});
