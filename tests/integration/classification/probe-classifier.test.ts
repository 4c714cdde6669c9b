import type { Classification, ClassifySource } from '../../../src/domain/network.js';
import { ModelServerPool } from '../../../src/engines/model-server/model-server-pool.js';
import {
  colourManifest,
  colourNetwork,
  type ColourNetworkOptions,
} from '../../factories/onnx/colour-network.js';
import { makeModelFolder, type ModelFolder } from '../../factories/onnx/model-folder.js';
import { writeOnnx } from '../../factories/onnx/onnx-model.js';
import { poolOptions } from '../../support/pool-options.js';
import { plainImage } from '../../factories/images/plain-image.js';

const FREE = ['N', 3] as const;

let models: ModelFolder;
let pool: ModelServerPool;

beforeAll(async () => {
  models = await makeModelFolder();
  pool = new ModelServerPool(poolOptions(models.path));
});
afterAll(async () => {
  await pool.close();
  await models.remove();
});

async function add(
  id: string,
  options: ColourNetworkOptions,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await models.add(id, { model: colourNetwork({ gain: 4, ...options }) }, colourManifest(changes));
}

const classify = (id: string, source: ClassifySource): Promise<Classification> =>
  pool.classify({ id, source, options: { topK: 3, threshold: 0, allClasses: true, scores: true } });

const plain = async (colour: readonly [number, number, number]): Promise<ClassifySource> => ({
  kind: 'image',
  bytes: await plainImage(colour),
});

/** Twelve plain images at once; their scores have a closed form: the means of the channels times the gain. */
async function together(id: string): Promise<readonly (readonly [readonly number[], Classification])[]> {
  const colours = Array.from({ length: 12 }, (_, at) => [20 * at, 255 - 20 * at, 100] as const);
  await pool.load({ id });
  return Promise.all(
    colours.map(async (colour) => {
      const scores = colour.map((level) => (4 * level) / 255);
      return [scores, await classify(id, await plain(colour))] as const;
    }),
  );
}

const MANY = { batching: { maxBatch: 8, maxDelayMs: 1000, maxQueue: 64 } };

describe('shapes that no memory holds are refused before anything is allocated', () => {
  const wide = (dims: readonly (number | string)[]): Uint8Array =>
    writeOnnx({
      nodes: [{ op: 'GlobalAveragePool', inputs: ['image'], outputs: ['scores'] }],
      inputs: [{ name: 'image', dims }],
      outputs: [{ name: 'scores', dims: ['N', 3, 1, 1] }],
    });
  const refusal = (code: string) => ({ code, kind: 'invalid' });

  it.each([
    ['65536 squared', ['N', 3, 65_536, 65_536], 'NETWORK_TENSOR_TOO_LARGE'],
    ['beyond 2^31', [1, 3, 2 ** 31, 1], 'NETWORK_TENSOR_TOO_LARGE'],
    ['beyond 2^53', ['N', 3, 2 ** 40, 2 ** 40], 'NETWORK_TENSOR_TOO_LARGE'],
    ['a batch of 2^40', [2 ** 40, 3, 8, 8], 'NETWORK_TENSOR_TOO_LARGE'],
    ['one side of 5000', ['N', 3, 5000, 8], 'PREPROCESSING_INVALID'],
    ['no pixel', ['N', 3, 0, 8], 'PREPROCESSING_INVALID'],
  ] as const)('an input of %s', async (name, dims, code) => {
    const id = `wide-${name.replaceAll(/[^a-z0-9]/g, '-')}`;
    await models.add(id, { model: wide(dims) }, colourManifest());
    await expect(pool.load({ id })).rejects.toMatchObject(refusal(code));
  });

  it('an output of the graph', async () => {
    const tail = { nodes: [], outputs: [{ name: 'sums', dims: ['N', 65_536, 65_536] }] };
    await add('wide-output', { tail });
    await expect(pool.load({ id: 'wide-output' })).rejects.toMatchObject(refusal('NETWORK_TENSOR_TOO_LARGE'));
  });

  it('what only a run shows ends the run, not the process', async () => {
    const tail = {
      nodes: [{ op: 'Expand', inputs: ['sums', 'shape'], outputs: ['wide'] }],
      outputs: [{ name: 'wide', dims: ['A', 'B', 'C'] }],
      constants: [{ name: 'sizes', dims: [3], data: [65_536, 65_536, 3] }],
    };
    await add('wide-run', {
      tail: {
        ...tail,
        nodes: [{ op: 'Cast', inputs: ['sizes'], outputs: ['shape'], ints: { to: 7 } }, ...tail.nodes],
      },
    });
    await expect(pool.load({ id: 'wide-run' })).rejects.toMatchObject(refusal('NETWORK_RUN_FAILED'));
  });
});

describe('probe classifier', () => {
  it('a batch of -1, as some exporters write it, is as free as a named one', async () => {
    await add('minus', { batch: -1 }, MANY);
    expect((await pool.load({ id: 'minus' })).maxBatch).toBe(8);
  });

  it.each([
    ['NaN', 'Log', [-1]],
    ['Infinity', 'Reciprocal', [0]],
  ])('a network that answers %s to every image is refused', async (value, op, data) => {
    const tail = {
      nodes: [
        { op, inputs: ['source'], outputs: ['wrong'] },
        { op: 'Add', inputs: ['sums', 'wrong'], outputs: ['scores'] },
      ],
      outputs: [{ name: 'scores', dims: ['N', 3] }],
      constants: [{ name: 'source', dims: [1], data }],
    };
    await add(`only-${value.toLowerCase()}`, { tail });
    await expect(pool.load({ id: `only-${value.toLowerCase()}` })).rejects.toMatchObject({
      code: 'MODEL_MISMATCH',
      message: expect.stringContaining(`scores contains ${value} for both test images`),
    });
  });
});

describe('images share a run only where that changes nothing', () => {
  it('in a graph that takes any number of them they do', async () => {
    await add('plain', {}, MANY);
    expect((await pool.load({ id: 'plain' })).maxBatch).toBe(8);
    for (const [scores, { scores: given = [] }] of await together('plain'))
      scores.forEach((score, index) => expect(given[index]).toBeCloseTo(score, 3));
  });

  it('in a graph whose batch of one is fixed somewhere inside they do not', async () => {
    // A row of one image beside the scores: two images cannot be put together with it.
    const tail = {
      nodes: [{ op: 'Concat', inputs: ['sums', 'other'], outputs: ['scores'], ints: { axis: 1 } }],
      outputs: [{ name: 'scores', dims: ['N', 4] }],
      constants: [{ name: 'other', dims: [1, 1], data: [-9] }],
    };
    await add('baked', { tail }, { ...MANY, labels: ['red', 'green', 'blue', 'other'] });
    expect((await pool.load({ id: 'baked' })).maxBatch).toBe(1);
    for (const [scores, { scores: given = [] }] of await together('baked'))
      scores.forEach((score, index) => expect(given[index]).toBeCloseTo(score, 3));
  });

  it('in a graph that puts classes before images they do not', async () => {
    const tail = {
      nodes: [{ op: 'Transpose', inputs: ['sums'], outputs: ['scores'] }],
      outputs: [{ name: 'scores', dims: [3, 'N'] }],
    };
    await add('turned', { tail }, MANY);
    for (const [scores, { scores: given = [], batchSize }] of await together('turned')) {
      expect(batchSize).toBe(1);
      scores.forEach((score, index) => expect(given[index]).toBeCloseTo(score, 3));
    }
  });

  it.each(['N', 4])('in a graph of batch %s that mixes them they do not', async (batch) => {
    const tail = {
      nodes: [
        { op: 'ReduceMax', inputs: ['sums'], outputs: ['most'], ints: { keepdims: 0 } },
        { op: 'Sub', inputs: ['sums', 'most'], outputs: ['scores'] },
      ],
      outputs: [{ name: 'scores', dims: [batch, 3] }],
    };
    const id = `mixing-${String(batch).toLowerCase()}`;
    await add(id, { tail, batch }, MANY);
    for (const [scores, { scores: given = [] }] of await together(id)) {
      const most = Math.max(...scores);
      scores.forEach((score, index) => expect(given[index]).toBeCloseTo(score - most, 3));
    }
  });
});

describe('what an output means', () => {
  const red = () => plain([250, 10, 10]);
  const softmax = (levels: readonly number[]): number[] => {
    const powers = levels.map((level) => Math.exp((4 * level) / 255));
    return powers.map((power) => power / powers.reduce((sum, one) => sum + one, 0));
  };
  const expectRed = ({ predictions }: Classification): void => {
    const wanted = softmax([250, 10, 10]);
    expect(predictions.map(({ label }) => label)[0]).toBe('red');
    for (const { index, probability } of predictions) expect(probability).toBeCloseTo(wanted[index], 3);
  };

  it('is seen in its numbers where no operator tells that they are probabilities already', async () => {
    // A softmax written out: exponentials over their sum.
    const tail = {
      nodes: [
        { op: 'Exp', inputs: ['sums'], outputs: ['powers'] },
        { op: 'ReduceSum', inputs: ['powers'], outputs: ['sum'], ints: { keepdims: 0 } },
        { op: 'Div', inputs: ['powers', 'sum'], outputs: ['scores'] },
      ],
      outputs: [{ name: 'scores', dims: [1, 3] }],
    };
    await add('written-out', { tail, batch: 1 });
    expectRed(await classify('written-out', await red()));
  });

  it('of scores beside a label and a map of features is found', async () => {
    const tail = {
      nodes: [
        { op: 'ArgMax', inputs: ['sums'], outputs: ['label'], ints: { axis: 1, keepdims: 0 } },
        { op: 'Identity', inputs: ['floats'], outputs: ['features'] },
        { op: 'Identity', inputs: ['sums'], outputs: ['scores'] },
      ],
      outputs: [
        { name: 'label', dtype: 'int64', dims: ['N'] },
        { name: 'features', dims: ['N', 3, 8, 8] },
        { name: 'scores', dims: FREE },
      ],
    } as const;
    await add('several', { tail });
    expectRed(await classify('several', await red()));
  });

  it('of a single score is "yes" against "no"', async () => {
    const tail = {
      nodes: [{ op: 'MatMul', inputs: ['sums', 'first'], outputs: ['scores'] }],
      outputs: [{ name: 'scores', dims: ['N', 1] }],
      constants: [{ name: 'first', dims: [3, 1], data: [1, 0, 0] }],
    };
    await add('single', { tail }, { labels: ['red'] });
    const { predictions } = await classify('single', await red());
    expect(predictions[0].probability).toBeCloseTo(1 / (1 + Math.exp((-4 * 250) / 255)), 3);
  });

  it('of a map of features alone is no list of classes', async () => {
    const tail = {
      nodes: [{ op: 'Identity', inputs: ['floats'], outputs: ['features'] }],
      outputs: [{ name: 'features', dims: ['N', 3, 8, 8] }],
    };
    await add('features-only', { tail }, { labels: undefined });
    await expect(pool.load({ id: 'features-only' })).rejects.toMatchObject({
      code: 'MODEL_MISMATCH',
      kind: 'invalid',
      message: expect.stringContaining('features [N, 3, 8, 8]'),
    });
  });

  it('of a label alone is no list of classes', async () => {
    const tail = {
      nodes: [{ op: 'ArgMax', inputs: ['sums'], outputs: ['label'], ints: { axis: 1, keepdims: 0 } }],
      outputs: [{ name: 'label', dtype: 'int64', dims: ['N'] }],
    } as const;
    await add('label-only', { tail });
    await expect(pool.load({ id: 'label-only' })).rejects.toMatchObject({
      code: 'MODEL_MISMATCH',
      message: expect.stringContaining('label int64'),
    });
  });
});

describe('inputs', () => {
  it('of whole numbers are not given fractions', async () => {
    await add('rounded', { dtype: 'uint8' }, { preprocessing: 'imagenet' });
    await expect(pool.load({ id: 'rounded' })).rejects.toMatchObject({
      code: 'MODEL_MISMATCH',
      message: expect.stringContaining('uint8'),
    });
  });

  it('of a fixed batch take a tensor of one image', async () => {
    await add('fours', { batch: 4 });
    const data = new Float32Array(3 * 8 * 8).fill(0.1);
    data.fill(0.9, 64, 128);
    const { predictions } = await classify('fours', {
      kind: 'tensor',
      tensor: { dtype: 'float32', dims: [1, 3, 8, 8], data },
    });
    expect(predictions[0].label).toBe('green');
  });
});
