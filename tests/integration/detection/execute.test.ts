import { startTestApi, type TestApi } from '../../support/api.js';
import type { ApiClient } from '../../support/api-client.js';
import { plainImage } from '../../factories/images/plain-image.js';
import { colourManifest, colourNetwork } from '../../factories/onnx/colour-network.js';
import { addPetDetector } from '../../factories/onnx/detector-model.js';
import { makeModelFolder, type ModelFolder } from '../../factories/onnx/model-folder.js';

const PRICE = 0.002;

/** Corners in pixels of an input of 32x32, score, class. An image of 64x32 has margins of 8 rows and half the size there. */
const BOXES = [
  [4, 10, 12, 18, 0.875, 1],
  [20, 12, 28, 20, 0.625, 0],
];
const DOG = { label: 'dog', labelIndex: 1, score: 0.875, box: { x: 8, y: 4, width: 16, height: 16 } };
const CAT = { label: 'cat', labelIndex: 0, score: 0.625, box: { x: 40, y: 8, width: 16, height: 16 } };

describe('detection while the caller waits', () => {
  let api: TestApi;
  let models: ModelFolder;
  let client: ApiClient;
  let userId: string;
  let image: string;

  beforeAll(async () => {
    models = await makeModelFolder();
    await addPetDetector(models, BOXES);
    await models.add('colours', { model: colourNetwork() }, colourManifest());
    api = await startTestApi({ modelsDirectory: models.path });
    const caller = await api.user('watcher');
    client = caller.client;
    userId = caller.user.id;
    image = (await plainImage([90, 90, 90], { width: 64, height: 32 })).toString('base64');
  });
  afterAll(async () => {
    await api.close();
    await models.remove();
  });

  const body = (more: Record<string, unknown> = {}) => ({
    model_id: 'pets',
    model_type: 'object_detection',
    input: { type: 'image', data: image },
    ...more,
  });
  const execute = (more?: Record<string, unknown>) => client.post('/api/inference/execute', body(more));
  const balance = async (): Promise<number> => Number((await client.get('/api/user/credits')).at('credits'));

  it('answers objects in pixels of the image, and charges what a job would cost', async () => {
    const before = await balance();
    const answer = await execute();
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      success: true,
      model_id: 'pets',
      execution_mode: 'sync',
      detections: [DOG, CAT],
      results: { detections: [DOG, CAT] },
      metadata: { model_type: 'object_detection', image: { width: 64, height: 32, format: 'png' } },
      performance: { batch_size: 1 },
      warnings: [],
      cost: PRICE,
    });
    expect(await balance()).toBeCloseTo(before - PRICE, 9);
    const [row] = await api.persistence.unitOfWork.read.ledger.listByUser(userId, 1);
    expect(row).toMatchObject({ kind: 'capture', amount: 2000n, description: 'Detection by pets' });
  });

  it('takes its price from the preset of the task', async () => {
    const quoted = await client.post('/api/inference/execute?dryRun=true', body());
    expect(quoted.json).toMatchObject({ dryRun: true, cost: PRICE, quote: { preset: 'detection' } });
  });

  it('takes threshold, number and labels of the request, also from a form', async () => {
    const labels = async (options: object) =>
      ((await execute({ options })).at('detections') as { label: string }[]).map(({ label }) => label);
    expect(await labels({ threshold: 0.7 })).toEqual(['dog']);
    expect(await labels({ max_detections: 1 })).toEqual(['dog']);
    expect(await labels({ labels: ['cat'], threshold: 0.1 })).toEqual(['cat']);
    const form = new FormData();
    const fields = {
      model_id: 'pets',
      model_type: 'object_detection',
      labels: '["cat"]',
      max_detections: '',
    };
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append('image', new Blob([new Uint8Array(Buffer.from(image, 'base64'))]), 'x.png');
    const answer = await client.call('POST', '/api/inference/execute', { body: form });
    expect(answer.at('detections')).toEqual([CAT]);
  });

  it('answers a batch image by image; a bad one fails alone and costs nothing', async () => {
    const before = await balance();
    const { input, ...rest } = body();
    const tensor = { type: 'tensor', shape: [1, 3, 32, 32], data: Buffer.alloc(12_288).toString('base64') };
    const inputs = [input, { type: 'image', data: 'AAAA' }, tensor, input];
    const answer = await client.post('/api/inference/batch', { ...rest, inputs });
    expect(answer.json).toMatchObject({
      success: false,
      detections: [[DOG, CAT], [], [], [DOG, CAT]],
      results: [
        { success: true, detections: [DOG, CAT], error: null },
        { success: false, detections: [], error: { code: 'PICTURE_TYPE', pointer: '/inputs/1/data' } },
        { success: false, detections: [], error: { code: 'VALIDATION', pointer: '/inputs/2/data' } },
        { success: true },
      ],
      metadata: { successful_count: 2, failed_count: 2, model_type: 'object_detection' },
      cost: 2 * PRICE,
    });
    expect(await balance()).toBeCloseTo(before - 2 * PRICE, 9);
  });

  it.each<[string, Record<string, unknown>, number, string, string | undefined]>([
    ['a classifier', { model_id: 'colours' }, 422, 'NETWORK_TASK_UNSUPPORTED', undefined],
    ['an unknown label', { options: { labels: ['bird'] } }, 422, 'LABELS_UNKNOWN', undefined],
    ['an option of classification', { options: { top_k: 3 } }, 400, 'VALIDATION', '/options/top_k'],
    ['a score over 1', { options: { threshold: 2 } }, 400, 'VALIDATION', '/options/threshold'],
    ['no object at all', { options: { max_detections: 0 } }, 400, 'VALIDATION', '/options/max_detections'],
    ['another type of model', { model_type: 'segmentation' }, 400, 'VALIDATION', '/model_type'],
    [
      'a tensor',
      { input: { type: 'tensor', shape: [1], data: 'AAAAAA==' } },
      400,
      'VALIDATION',
      '/input/data',
    ],
  ])('refuses %s and charges nothing', async (...[, more, status, code, pointer]) => {
    const before = await balance();
    const answer = await execute(more);
    expect([answer.status, answer.at('code'), answer.at('errors.0.pointer')]).toEqual([
      status,
      code,
      pointer,
    ]);
    expect(await balance()).toBe(before);
  });

  it('leaves detectors and their options to requests that name the type', async () => {
    const plain = { model_id: 'pets', input: { type: 'image', data: image } };
    const answer = await client.post('/api/inference/execute', plain);
    expect([answer.status, answer.at('code')]).toEqual([422, 'NETWORK_TASK_UNSUPPORTED']);
    const options = { max_detections: 3 };
    const odd = await client.post('/api/inference/execute', { ...plain, model_id: 'colours', options });
    expect([odd.status, odd.at('errors.0.pointer')]).toEqual([400, '/options/max_detections']);
  });
});
