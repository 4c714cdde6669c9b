import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { v7 as uuid } from 'uuid';
import type { NewMedia } from '../../../src/domain/repositories/dataset.repository.js';
import { openZip } from '../../../src/media/zip-reader.js';
import type { ClassificationTaskInput } from '../../../src/tasks/classification/plan.js';
import { pipeline as classificationPipeline } from '../../../src/tasks/classification/pipeline.js';
import { classificationParamsSchema } from '../../../src/tasks/classification/params.js';
import type { JobPlan } from '../../../src/tasks/definition.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import type { ApiClient } from '../../support/api-client.js';
import { plainImage } from '../../factories/images/plain-image.js';
import { colourManifest, colourNetwork } from '../../factories/onnx/colour-network.js';
import { makeModelFolder, type ModelFolder } from '../../factories/onnx/model-folder.js';

const PRICE = 0.002;

describe('classification of a dataset', () => {
  let api: TestApi;
  let models: ModelFolder;
  let folder: string;
  let client: ApiClient;
  let userId: string;
  let datasetId: string;
  let media: NewMedia[];

  beforeAll(async () => {
    models = await makeModelFolder();
    await models.add('colours', { model: colourNetwork({ gain: 4 }) }, colourManifest());
    await models.add('tool', { model: colourNetwork() }, { task: 'segmentation' });
    api = await startTestApi({ modelsDirectory: models.path });
    folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-classify-'));
    const caller = await api.user('owner');
    client = caller.client;
    userId = caller.user.id;
    datasetId = String((await client.post('/api/dataset', { name: 'Images' })).at('dataset.id'));
    media = [
      await store('rose', [200, 20, 20]),
      await store('leaf', [20, 200, 20]),
      await store('sea', [20, 20, 200]),
    ];
    await api.persistence.unitOfWork.run(({ datasets }) =>
      datasets.addItems(
        datasetId,
        media.map((source) => ({ source })),
      ),
    );
  });
  afterAll(async () => {
    await api.close();
    await models.remove();
    await rm(folder, { recursive: true, force: true });
  });

  async function store(name: string, colour: [number, number, number]): Promise<NewMedia> {
    const file = path.join(folder, randomUUID());
    await writeFile(file, await plainImage(colour));
    const { key, bytes } = await api.storage.blobs.put(file);
    return {
      id: uuid(),
      userId,
      kind: 'image',
      role: 'source',
      name,
      container: 'png',
      sha256: 'ab'.repeat(32),
      bytes,
      width: 16,
      height: 16,
      frameCount: 1,
      fps: null,
      durationSeconds: null,
      storageKey: key,
    };
  }

  const body = (changes: Record<string, unknown> = {}, parameters: Record<string, unknown> = {}) => ({
    task: 'classification',
    datasetId,
    parameters: { modelId: 'colours', topK: 1, ...parameters },
    ...changes,
  });

  it('the price is quoted and held by the image', async () => {
    const quoted = await client.post('/api/inference/estimate', body());
    expect(quoted.at('cost')).toBe(3 * PRICE);
    const created = await client.post('/api/inference', body({ range: '1-2' }));
    expect(created.status).toBe(201);
    const job = await client.get(`/api/jobs/${String(created.at('jobId.0'))}`);
    expect(job.json).toMatchObject({ task: 'classification', status: 'PENDING', cost: { held: 2 * PRICE } });
    await client.post(`/api/jobs/${String(created.at('jobId.0'))}/cancel`, {});
  });

  it.each<[string, () => unknown, number, string]>([
    ['a network that is not there', () => body({}, { modelId: 'nobody' }), 404, 'NETWORK_NOT_FOUND'],
    ['a network of another task', () => body({}, { modelId: 'tool' }), 422, 'NETWORK_TASK_UNSUPPORTED'],
    ['a range beyond the images', () => body({ range: '1-3' }), 422, 'BAD_RANGE'],
    ['an unknown parameter', () => body({}, { topk: 1 }), 400, 'VALIDATION'],
    ['an unknown task', () => body({ task: 'sorting' }), 400, 'VALIDATION'],
  ])('%s is refused before anything is held', async (_, request, status, code) => {
    const before = (await client.get('/api/user/credits')).at('credits');
    const answer = await client.post('/api/inference', request());
    expect([answer.status, answer.at('code')]).toEqual([status, code]);
    expect((await client.get('/api/user/credits')).at('credits')).toBe(before);
  });

  it('a dataset without images is refused', async () => {
    const empty = String((await client.post('/api/dataset', { name: 'Nothing' })).at('dataset.id'));
    const answer = await client.post('/api/inference', body({ datasetId: empty }));
    expect([answer.status, answer.at('code')]).toEqual([422, 'NO_IMAGES']);
  });

  it('the pipeline classifies every image, reports the broken one and bills the others', async () => {
    const workspace = await mkdtemp(path.join(folder, 'work-'));
    const broken = path.join(folder, 'broken.png');
    await writeFile(broken, (await plainImage([1, 2, 3])).subarray(0, 60));
    const images = ['rose', 'broken', 'sea'].map((name) => ({
      mediaId: uuid(),
      name,
      width: 16,
      height: 16,
    }));
    const files = [await file('rose', [200, 20, 20]), broken, await file('sea', [20, 20, 200])];
    const mediaPaths = Object.fromEntries(images.map(({ mediaId }, index) => [mediaId, files[index]]));
    const plan: JobPlan<ClassificationTaskInput> = { input: { images }, media: {} };
    const progress: number[] = [];
    const result = await classificationPipeline(
      plan,
      classificationParamsSchema.parse({ modelId: 'colours', topK: 2 }),
      {
        jobId: uuid(),
        mediaPaths,
        workspace,
        modelsDirectory: models.path,
        ffmpeg: { ffmpegPath: 'ffmpeg', ffprobePath: 'ffprobe', version: '' },
        power: { cpuWatts: 15, carbonGramsPerKwh: 475 },
        threads: 1,
        signal: new AbortController().signal,
        progress: ({ done }) => progress.push(done),
      },
    );
    expect(result.units).toEqual({ 'inference.image': 2 });
    expect(result.network).toMatchObject({ id: 'colours', version: '1.0.0' });
    expect(result.json).toMatchObject({
      classified: 2,
      failed: 1,
      classes: { red: 1, blue: 1 },
      images: [
        { name: 'rose', predictions: [{ label: 'red' }, {}], error: null },
        { name: 'broken', predictions: [], error: { code: 'PICTURE_CORRUPT' } },
        { name: 'sea', predictions: [{ label: 'blue' }, {}], error: null },
      ],
    });
    expect(progress.at(-1)).toBe(3);
    const zip = await openZip(result.zipPath, {
      maxEntries: 10,
      maxEntryBytes: 1_000_000,
      maxTotalBytes: 2_000_000,
    });
    expect(zip.entries.map(({ name }) => name)).toEqual(['result.json', 'predictions.csv']);
    zip.close();
    const csv = (await readFile(path.join(workspace, 'predictions.csv'), 'utf8')).trim().split('\n');
    expect(csv).toHaveLength(1 + 2 + 1 + 2);
    expect(csv[1]).toMatch(/^rose,[0-9a-f-]+,1,red,0,0\.\d+,$/);
  });

  it('a stored image is classified by its id, another user does not know it', async () => {
    const request = { model_id: 'colours', input: { type: 'media', media_id: media[2].id } };
    expect((await client.post('/api/inference/execute', request)).at('predictions.0.label')).toBe('blue');
    const { client: stranger } = await api.user('stranger');
    const refused = await stranger.post('/api/inference/execute', request);
    expect([refused.status, refused.at('code')]).toEqual([404, 'NOT_FOUND']);
  });

  async function file(name: string, colour: [number, number, number]): Promise<string> {
    const target = path.join(folder, `${name}.png`);
    await writeFile(target, await plainImage(colour));
    return target;
  }
});
