import { startTestApi, type TestApi } from '../../support/api.js';
import type { ApiClient } from '../../support/api-client.js';
import { plainImage } from '../../factories/images/plain-image.js';
import { COLOURS, colourManifest, colourNetwork } from '../../factories/onnx/colour-network.js';
import { slowNetwork } from '../../factories/onnx/slow-network.js';
import { makeModelFolder, type ModelFolder } from '../../factories/onnx/model-folder.js';

const PRICE = 0.002;

/** Softmax of the means that the colour network computes. */
function shares(pixel: readonly number[], gain: number): number[] {
  const powers = pixel.map((value) => Math.exp((value / 255) * gain));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

describe('classification while the caller waits', () => {
  let api: TestApi;
  let models: ModelFolder;
  let client: ApiClient;
  let userId: string;
  let green: string;

  beforeAll(async () => {
    models = await makeModelFolder();
    await models.add('colours', { model: colourNetwork({ gain: 4 }) }, colourManifest());
    await models.add('twice', { model: colourNetwork({ gain: 4 }) }, colourManifest());
    const second = { model: colourNetwork({ gain: 8 }) };
    await models.add('twice/versions/2.0.0', second, colourManifest({ id: 'twice', version: '2.0.0' }));
    await models.add('loop', { model: slowNetwork() }, { task: 'loop' });
    await models.add('halves', { model: colourNetwork({ dtype: 'float16', gain: 4 }) }, colourManifest());
    await models.add(
      'bytes',
      { model: colourNetwork({ dtype: 'uint8', layout: 'NHWC', gain: 4 / 255 }) },
      colourManifest({ preprocessing: 'raw' }),
    );
    api = await startTestApi({ modelsDirectory: models.path });
    const caller = await api.user('classifier');
    client = caller.client;
    userId = caller.user.id;
    green = (await plainImage([20, 200, 60])).toString('base64');
  });
  afterAll(async () => {
    await api.close();
    await models.remove();
  });

  const balance = async (): Promise<number> => Number((await client.get('/api/user/credits')).at('credits'));
  const execute = (body: unknown) => client.post('/api/inference/execute', body);

  it.each(['colours', 'halves', 'bytes'])(
    '%s tells the colour with the share of its closed form',
    async (id) => {
      const answer = await execute({
        model_id: id,
        input: { type: 'image', data: `data:image/png;base64,${green}` },
        options: { top_k: 3 },
      });
      expect(answer.status).toBe(200);
      const expected = shares([20, 200, 60], 4);
      const predictions = answer.at('predictions') as { label: string; index: number; probability: number }[];
      expect(predictions.map(({ label }) => label)).toEqual(['green', 'blue', 'red']);
      for (const { index, probability } of predictions) {
        expect(Math.abs(probability - expected[index])).toBeLessThan(id === 'halves' ? 2e-3 : 1e-5);
      }
      expect(answer.json).toMatchObject({
        success: true,
        model_id: id,
        execution_mode: 'sync',
        results: { predictions: [{ label: 'green' }, {}, {}] },
        metadata: { device: { used: 'cpu' }, image: { width: 16, height: 16, format: 'png' } },
        performance: { batch_size: 1 },
        cost: PRICE,
      });
    },
  );

  it('the second edition of the body gives the same, and so does a form', async () => {
    const first = await execute({ model_id: 'colours', input: { type: 'image', data: green } });
    const second = await execute({
      model_id: 'colours',
      execution_mode: 'sync',
      input_data: { format: 'base64_png', content: green },
      options: { top_k: 5, threshold: 0, timeout: 30_000 },
    });
    const form = new FormData();
    form.append('model_id', 'colours');
    form.append('top_k', '3');
    // As Swagger UI sends what nobody has filled in.
    for (const name of ['version', 'threshold', 'options']) form.append(name, '');
    form.append('image', new Blob([new Uint8Array(Buffer.from(green, 'base64'))]), 'x.png');
    const third = await client.call('POST', '/api/inference/execute', { body: form });
    expect(second.at('predictions')).toEqual(first.at('predictions'));
    expect(third.at('predictions')).toEqual(first.at('predictions'));
  });

  it('options of a form are checked like those of JSON', async () => {
    const problemOf = async (field: string, value: string) => {
      const form = new FormData();
      form.append('model_id', 'colours');
      form.append(field, value);
      form.append('image', new Blob([new Uint8Array(Buffer.from(green, 'base64'))]), 'x.png');
      const answer = await client.call('POST', '/api/inference/execute', { body: form });
      return [answer.status, answer.at('errors.0.pointer'), answer.at('errors.0.message')];
    };
    const number = 'must be a number, not a string (given "many")';
    expect(await problemOf('top_k', 'many')).toEqual([400, '/options/top_k', number]);
    expect(await problemOf('top_k', '0')).toEqual([400, '/options/top_k', 'must be at least 1 (given 0)']);
    const unknown = /Did you mean "top_k"\? Known are: top_k, threshold,/;
    expect(await problemOf('options', '{"topk":3}')).toEqual([
      400,
      '/options/topk',
      expect.stringMatching(unknown),
    ]);
    const object = 'must be a JSON object such as {"top_k": 3}';
    for (const options of ['top_k=3', '[3]', 'null'])
      expect(await problemOf('options', options)).toEqual([400, '/options', object]);
  });

  it('a tensor goes to the network as it is, and its scores come back', async () => {
    const elements = Float32Array.from({ length: 192 }, (_, at) => [0.5, 0.25, 0.125][Math.floor(at / 64)]);
    const answer = await execute({
      model_id: 'colours',
      input: { type: 'tensor', shape: [1, 3, 8, 8], data: Buffer.from(elements.buffer).toString('base64') },
      options: { scores: true },
    });
    expect(answer.at('results.scores')).toEqual([2, 1, 0.5]);
  });

  it('a tensor of another shape is refused with expected and given', async () => {
    const data = Buffer.alloc(3 * 16 * 4).toString('base64');
    const answer = await execute({
      model_id: 'colours',
      input: { type: 'tensor', shape: [1, 3, 4, 4], data },
    });
    expect([answer.status, answer.at('code')]).toEqual([422, 'MODEL_MISMATCH']);
    expect(answer.at('detail')).toMatch(/\[1, 3, 4, 4\].*\[N, 3, 8, 8\]/);
  });

  it('each image is one row of the ledger, an error is none', async () => {
    const before = await balance();
    await execute({ model_id: 'colours', input: { type: 'image', data: green } });
    await execute({ model_id: 'colours', input: { type: 'image', data: 'AAAA' } });
    expect(await balance()).toBeCloseTo(before - PRICE, 9);
    const [row] = await api.persistence.unitOfWork.read.ledger.listByUser(userId, 1);
    expect(row).toMatchObject({ kind: 'capture', amount: 2000n, delta: -2000n, jobId: null });
  });

  it('a repeat with the same key is answered once and charged once', async () => {
    const before = await balance();
    const headers = { 'Idempotency-Key': 'one-image', 'Content-Type': 'application/json' };
    const body = JSON.stringify({ model_id: 'colours', input: { type: 'image', data: green } });
    const first = await client.call('POST', '/api/inference/execute', { body, headers });
    const second = await client.call('POST', '/api/inference/execute', { body, headers });
    expect(second.json).toEqual(first.json);
    expect(second.headers.get('Idempotency-Replayed')).toBe('true');
    expect(await balance()).toBeCloseTo(before - PRICE, 9);
  });

  it('a dry run only quotes', async () => {
    const before = await balance();
    const quoted = await client.post('/api/inference/execute?dryRun=true', {
      model_id: 'colours',
      input: { type: 'image', data: green },
    });
    expect(quoted.json).toMatchObject({ dryRun: true, cost: PRICE });
    expect(await balance()).toBe(before);
  });

  it('without credits nothing is computed', async () => {
    const { client: poor, user } = await api.user('poor');
    await api.persistence.unitOfWork.run(({ ledger }) =>
      ledger.append({
        userId: user.id,
        kind: 'upload',
        amount: 99_999_000n,
        delta: -99_999_000n,
        description: 'nearly all',
      }),
    );
    const answer = await poor.post('/api/inference/execute', {
      model_id: 'colours',
      input: { type: 'image', data: green },
    });
    expect([answer.status, answer.at('code')]).toEqual([401, 'INSUFFICIENT_CREDITS']);
  });

  it.each<[string, unknown, number, string]>([
    ['no image at all', { model_id: 'colours' }, 400, 'VALIDATION'],
    [
      'an unknown network',
      { model_id: 'nobody', input: { type: 'image', data: 'AAAA' } },
      404,
      'NETWORK_NOT_FOUND',
    ],
    [
      'a path instead of a name',
      { model_id: '../etc', input: { type: 'image', data: 'AAAA' } },
      400,
      'VALIDATION',
    ],
    ['wrong base64', { model_id: 'colours', input: { type: 'image', data: 'ab$d' } }, 422, 'BASE64_INVALID'],
    [
      'text',
      { model_id: 'colours', input: { type: 'image', data: 'aGVsbG8gd29ybGQ=' } },
      415,
      'PICTURE_TYPE',
    ],
    [
      'an empty image',
      { model_id: 'colours', input: { type: 'image', data: 'data:image/png;base64,' } },
      422,
      'PICTURE_EMPTY',
    ],
    [
      'the asynchronous mode',
      { model_id: 'colours', execution_mode: 'async', input: { type: 'image', data: 'AAAA' } },
      400,
      'VALIDATION',
    ],
  ])('%s is refused', async (_, body, status, code) => {
    const answer = await execute(body);
    expect([answer.status, answer.at('code')]).toEqual([status, code]);
  });

  it('an image that is cut off or too wide is refused', async () => {
    const jpeg = await plainImage([9, 9, 200], { width: 400, height: 300, format: 'jpeg' });
    const cut = await execute({
      model_id: 'colours',
      input: { type: 'image', data: jpeg.subarray(0, jpeg.length / 2).toString('base64') },
    });
    expect([cut.status, cut.at('code')]).toEqual([422, 'PICTURE_CORRUPT']);
    const wide = await plainImage([9, 9, 200], { width: 20_000, height: 1 });
    const refused = await execute({
      model_id: 'colours',
      input: { type: 'image', data: wide.toString('base64') },
    });
    expect([refused.status, refused.at('code')]).toEqual([413, 'PICTURE_TOO_LARGE']);
  });

  it('in a batch a bad image fails alone, and only the good ones cost', async () => {
    const images = await Promise.all([
      plainImage([250, 10, 10]),
      plainImage([10, 250, 10]),
      plainImage([10, 10, 250]),
    ]);
    const before = await balance();
    const inputs: unknown[] = images.map((bytes) => ({ type: 'image', data: bytes.toString('base64') }));
    inputs.splice(1, 0, { type: 'image', data: 'aGVsbG8gd29ybGQ=' });
    inputs.push({ type: 'image', data: '%%%' });
    const answer = await client.post('/api/inference/batch', {
      model_id: 'colours',
      inputs,
      options: { top_k: 1 },
    });
    expect(answer.status).toBe(200);
    const results = answer.at('results') as {
      predictions: { label: string }[];
      error: { code: string } | null;
    }[];
    expect(results.map(({ predictions }) => predictions[0]?.label)).toEqual([
      'red',
      undefined,
      'green',
      'blue',
      undefined,
    ]);
    expect(results.map(({ error }) => error?.code)).toEqual([
      undefined,
      'PICTURE_TYPE',
      undefined,
      undefined,
      'BASE64_INVALID',
    ]);
    expect(answer.json).toMatchObject({
      success: false,
      batch_size: 5,
      metadata: { successful_count: 3, failed_count: 2 },
      cost: 3 * PRICE,
    });
    expect(await balance()).toBeCloseTo(before - 3 * PRICE, 9);
  });

  it('a batch of which nothing is classified says why, where that is no image’s fault', async () => {
    const inputs = [{ type: 'image', data: green }];
    const answer = await client.post('/api/inference/batch', { model_id: 'loop', inputs });
    expect([answer.status, answer.at('code')]).toEqual([422, 'NETWORK_TASK_UNSUPPORTED']);
  });

  it('a network of another task is refused by its name, and not loaded for it', async () => {
    const answer = await execute({ model_id: 'loop', input: { type: 'image', data: green } });
    expect([answer.status, answer.at('code')]).toEqual([422, 'NETWORK_TASK_UNSUPPORTED']);
    expect(answer.at('detail')).toContain('loop');
    const status = await client.get('/api/inference/status');
    expect(status.status).toBe(200);
    expect(JSON.stringify(status.json)).not.toContain('loop');
  });

  it('an answer names the version that gave it, whatever else is in memory', async () => {
    const ask = async (version?: string) => {
      const answer = await execute({ model_id: 'twice', version, input: { type: 'image', data: green } });
      return [answer.at('metadata.model_version'), Number(answer.at('predictions.0.probability'))] as const;
    };
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => ask(index % 2 === 0 ? '1.0.0' : undefined)),
    );
    for (const [version, probability] of answers)
      expect(probability).toBeCloseTo(shares([20, 200, 60], version === '2.0.0' ? 8 : 4)[1], 4);
    expect(answers.map(([version]) => version)).toEqual(
      Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? '1.0.0' : '2.0.0')),
    );
  });

  it('more than ten images are too many', async () => {
    const inputs = Array.from({ length: 11 }, () => ({ type: 'image', data: green }));
    const answer = await client.post('/api/inference/batch', { model_id: 'colours', inputs });
    expect([answer.status, answer.at('code')]).toEqual([400, 'VALIDATION']);
  });

  it('many at once get each their own answer', async () => {
    const colours = [
      [250, 10, 10],
      [10, 250, 10],
      [10, 10, 250],
    ] as const;
    const answers = await Promise.all(
      Array.from({ length: 24 }, async (_, index) => {
        const bytes = await plainImage(colours[index % 3]);
        return execute({ model_id: 'colours', input: { type: 'image', data: bytes.toString('base64') } });
      }),
    );
    answers.forEach((answer, index) => expect(answer.at('predictions.0.label')).toBe(COLOURS[index % 3]));
  });
});
