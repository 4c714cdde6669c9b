import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { v7 as uuid } from 'uuid';
import type { NewMedia } from '../../../src/domain/repositories/dataset.repository.js';
import { locateFfmpeg } from '../../../src/media/ffmpeg-locate.js';
import { openZip } from '../../../src/media/zip-reader.js';
import { loadedHere } from '../../../src/networks/runtime/loaded-here.js';
import type { EngineContext } from '../../../src/tasks/definition.js';
import { openJobDetector } from '../../../src/tasks/detection/job-detector.js';
import { detectionParamsSchema } from '../../../src/tasks/detection/params.js';
import { pipeline } from '../../../src/tasks/detection/pipeline.js';
import type { DetectionInput } from '../../../src/tasks/detection/plan.js';
import { addPetDetector } from '../../factories/onnx/detector-model.js';
import { colourManifest, colourNetwork } from '../../factories/onnx/colour-network.js';
import { makeModelFolder, type ModelFolder } from '../../factories/onnx/model-folder.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import type { ApiClient } from '../../support/api-client.js';
import { makeTestVideo } from '../../factories/videos/make-test-video.js';
import { plainImage } from '../../factories/images/plain-image.js';

const PRICE = 0.002;

/**
 * Finished boxes in pixels of an input of 32x32: corners, score, class. In an image of 64x32 the input has margins of 8
 * rows above and below and half the scale, so that x is doubled and y is doubled after 8 are taken away.
 */
const BOXES = [
  [4, 10, 12, 18, 0.9, 1],
  [20, 12, 28, 20, 0.6, 0],
  [16, 8, 18, 10, 0.3, 0],
];
const DOG = { label: 'dog', labelIndex: 1, box: { x: 8, y: 4, width: 16, height: 16 } };
const CAT = { label: 'cat', labelIndex: 0, box: { x: 40, y: 8, width: 16, height: 16 } };
const FAR_CAT = { label: 'cat', labelIndex: 0, box: { x: 32, y: 0, width: 4, height: 4 } };

const shown = (detections: unknown): unknown =>
  (detections as { score: number }[]).map(({ score, ...rest }) => ({
    ...rest,
    score: Math.round(score * 100) / 100,
  }));

describe('detection of objects as a job', () => {
  let api: TestApi;
  let models: ModelFolder;
  let folder: string;
  let client: ApiClient;
  let datasetId: string;
  let tools: Awaited<ReturnType<typeof locateFfmpeg>>;

  beforeAll(async () => {
    models = await makeModelFolder();
    await addPetDetector(models, BOXES);
    await models.add('colours', { model: colourNetwork() }, colourManifest());
    tools = await locateFfmpeg();
    api = await startTestApi({ modelsDirectory: models.path });
    folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-detection-'));
    const owner = await api.user('owner');
    client = owner.client;
    datasetId = String((await client.post('/api/dataset', { name: 'Mixed' })).at('dataset.id'));
    const userId = owner.user.id;
    await api.persistence.unitOfWork.run(({ datasets }) =>
      datasets.addItems(datasetId, [
        { source: mediaOf({ userId, name: 'a.png', kind: 'image', frameCount: 1 }) },
        { source: mediaOf({ userId, name: 'clip.mp4', kind: 'video', frameCount: 10 }) },
        { source: mediaOf({ userId, name: 'b.png', kind: 'image', frameCount: 1 }) },
      ]),
    );
  });
  afterAll(async () => {
    await api.close();
    await models.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const mediaOf = (facts: Pick<NewMedia, 'userId' | 'name' | 'kind' | 'frameCount'>): NewMedia => ({
    id: uuid(),
    role: 'source',
    container: facts.kind === 'image' ? 'png' : 'mov',
    sha256: 'ab'.repeat(32),
    bytes: 1,
    width: 64,
    height: 32,
    fps: facts.kind === 'image' ? null : { num: 25, den: 1 },
    durationSeconds: null,
    storageKey: `nowhere/${facts.name}`,
    ...facts,
  });

  const body = (parameters: Record<string, unknown> = {}, range = 'all') => ({
    task: 'detection',
    datasetId,
    parameters: { modelId: 'pets', ...parameters },
    range,
  });

  it('makes one job of all images and one of each video, and holds their price', async () => {
    const quoted = await client.post('/api/inference/estimate', body({ frameStep: 3 }));
    // Two images, and the frames 0, 3, 6 and 9.
    expect(quoted.at('cost')).toBeCloseTo(6 * PRICE, 9);
    const dry = await client.post('/api/inference?dryRun=true', body({ frameStep: 3 }));
    expect(dry.at('cost')).toBeCloseTo(6 * PRICE, 9);
    const before = Number((await client.get('/api/user/credits')).at('credits'));
    const created = await client.post('/api/inference', body({ frameStep: 3 }));
    expect(created.status).toBe(201);
    const ids = created.at('jobId') as string[];
    const held = await Promise.all(
      ids.map(async (id) => (await client.get(`/api/jobs/${id}`)).at('cost.held')),
    );
    expect(held).toEqual([2 * PRICE, 4 * PRICE]);
    expect(Number((await client.get('/api/user/credits')).at('credits'))).toBeCloseTo(before - 6 * PRICE, 6);
    expect((await client.get('/api/jobs?task=detection')).at('data.0.task')).toBe('detection');
    for (const id of ids) await client.post(`/api/jobs/${id}/cancel`, {});
    expect(Number((await client.get('/api/user/credits')).at('credits'))).toBeCloseTo(before, 6);
  });

  it('counts its range over images and videos in upload order', async () => {
    expect((await client.post('/api/inference/estimate', body({}, '1-1'))).at('cost')).toBe(10 * PRICE);
    expect((await client.post('/api/inference/estimate', body({}, '2-2'))).at('cost')).toBe(PRICE);
  });

  it.each<[string, () => unknown, number, string, string?]>([
    ['a network that is not there', () => body({ modelId: 'nobody' }), 404, 'NETWORK_NOT_FOUND'],
    ['a classifier', () => body({ modelId: 'colours' }), 422, 'NETWORK_TASK_UNSUPPORTED'],
    [
      'a label it does not know',
      () => body({ labels: ['dog', 'cow'] }),
      422,
      'LABELS_UNKNOWN',
      '/parameters/labels/1',
    ],
    ['a threshold above 1', () => body({ threshold: 1.5 }), 400, 'VALIDATION', '/parameters/threshold'],
    ['no objects at all', () => body({ maxDetections: 0 }), 400, 'VALIDATION', '/parameters/maxDetections'],
    [
      'more objects than it may give',
      () => body({ maxDetections: 1001 }),
      400,
      'VALIDATION',
      '/parameters/maxDetections',
    ],
    ['a step of no frames', () => body({ frameStep: 0 }), 400, 'VALIDATION', '/parameters/frameStep'],
    ['an empty list of labels', () => body({ labels: [] }), 400, 'VALIDATION', '/parameters/labels'],
    ['a range beyond the items', () => body({}, '1-3'), 422, 'BAD_RANGE', '/range'],
    ['a parameter of another name', () => body({ max_detections: 3 }), 400, 'VALIDATION'],
  ])('refuses %s before anything is held', async (...[, request, status, code, pointer]) => {
    const before = (await client.get('/api/user/credits')).at('credits');
    const answer = await client.post('/api/inference', request());
    expect([answer.status, answer.at('code')]).toEqual([status, code]);
    if (pointer !== undefined) expect(answer.at('errors.0.pointer')).toBe(pointer);
    expect((await client.get('/api/user/credits')).at('credits')).toBe(before);
  });

  it('refuses a dataset without images and videos', async () => {
    const empty = String((await client.post('/api/dataset', { name: 'Nothing' })).at('dataset.id'));
    const answer = await client.post('/api/inference', { ...body(), datasetId: empty });
    expect([answer.status, answer.at('code')]).toEqual([422, 'NO_ITEMS']);
  });

  const engineOf = (workspace: string, mediaPaths: Readonly<Record<string, string>>): EngineContext => ({
    jobId: uuid(),
    mediaPaths,
    workspace,
    modelsDirectory: models.path,
    ffmpeg: tools,
    power: { cpuWatts: 15, carbonGramsPerKwh: 475 },
    threads: 1,
    signal: new AbortController().signal,
    progress: () => undefined,
  });

  async function run(input: DetectionInput, files: readonly string[], parameters: object = {}) {
    const workspace = await mkdtemp(path.join(folder, 'work-'));
    const entries = input.kind === 'images' ? input.images : [input.video];
    const progress: number[] = [];
    const result = await pipeline(
      { input, media: {} },
      detectionParamsSchema.parse({ modelId: 'pets', ...parameters }),
      {
        ...engineOf(
          workspace,
          Object.fromEntries(entries.map(({ mediaId }, index) => [mediaId, files[index]])),
        ),
        progress: ({ done }) => progress.push(done),
      },
    );
    const limits = { maxEntries: 20, maxEntryBytes: 10_000_000, maxTotalBytes: 20_000_000 };
    const zip = await openZip(result.zipPath, limits);
    const names = zip.entries.map(({ name }) => name);
    zip.close();
    const read = (name: string) => readFile(path.join(workspace, name));
    return { result, names, progress, read };
  }

  const imageOf = (name: string) => ({ mediaId: uuid(), name, width: 64, height: 32, warnings: [] });

  async function image(name: string): Promise<string> {
    const file = path.join(folder, name);
    await writeFile(file, await plainImage([90, 90, 90], { width: 64, height: 32 }));
    return file;
  }

  it('finds the network of the job before in memory, and loads it again when its manifest has changed', async () => {
    await addPetDetector(models, [[4, 4, 12, 12, 0.9, 0]], 'warm');
    const open = async () => {
      const request = { modelId: 'warm', device: 'cpu' as const, strict: false };
      const { detector, release } = await openJobDetector(request, engineOf(folder, {}));
      release();
      return detector;
    };
    const first = await open();
    expect(await open()).toBe(first);
    expect(loadedHere().filter(({ id }) => id === 'warm')).toMatchObject([
      { version: '1.0.0', device: 'cpu' },
    ]);
    const manifest = path.join(models.path, 'warm', 'manifest.json');
    const written = JSON.parse(await readFile(manifest, 'utf8')) as object;
    await writeFile(manifest, JSON.stringify({ ...written, labels: ['kitten', 'dog'] }));
    expect(await open()).not.toBe(first);
  });

  it('gives boxes in pixels of the image, a table and drawings; a broken image fails alone and costs nothing', async () => {
    const good = await image('good.png');
    const broken = path.join(folder, 'broken.png');
    await writeFile(broken, (await readFile(good)).subarray(0, 50));
    const input = { kind: 'images' as const, images: [imageOf('=good'), imageOf('broken')] };
    const { result, names, progress, read } = await run(input, [good, broken]);
    expect(result.units).toEqual({ 'inference.image': 1 });
    expect(result.network).toMatchObject({ id: 'pets', version: '1.0.0' });
    // The manifest's threshold is 0.25, so that all three boxes are there.
    expect(result.json).toMatchObject({
      task: 'detection',
      processed: 1,
      failed: 1,
      objects: 3,
      objectsByLabel: { cat: 2, dog: 1 },
      images: [
        { name: '=good', annotated: 'annotated/0001.jpg', error: null },
        { name: 'broken', detections: [], annotated: null, error: { code: 'MEDIA_CHANGED' } },
      ],
    });
    const [{ detections }] = result.json.images as [{ detections: unknown }];
    expect(shown(detections)).toEqual([
      { ...DOG, score: 0.9 },
      { ...CAT, score: 0.6 },
      { ...FAR_CAT, score: 0.3 },
    ]);
    expect(names).toEqual(['result.json', 'detections.csv', 'annotated/0001.jpg']);
    expect(JSON.parse(await read('result.json').then(String))).toEqual(
      JSON.parse(JSON.stringify(result.json)),
    );
    const csv = String(await read('detections.csv'))
      .trim()
      .split('\n');
    expect(csv[0]).toBe('name,media_id,frame,time_seconds,label,label_index,score,x,y,width,height,error');
    // A name that a spreadsheet would compute is kept text.
    expect(csv[1]).toMatch(/^'=good,[0-9a-f-]{36},,,dog,1,0\.89\d*,8,4,16,16,$/);
    expect(csv[4]).toMatch(/^broken,[0-9a-f-]{36},,,,,,,,,,MEDIA_CHANGED$/);
    expect(csv).toHaveLength(5);
    expect(progress.at(-1)).toBe(2);
  });

  it('draws the boxes where the objects are', async () => {
    const input = { kind: 'images' as const, images: [imageOf('good')] };
    const { read } = await run(input, [await image('drawn.png')], { labels: ['dog'] });
    const { data, info } = await sharp(await read('annotated/0001.jpg'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([64, 32]);
    const differs = (x: number, y: number): boolean =>
      [0, 1, 2].some((channel) => Math.abs(data[3 * (y * 64 + x) + channel] - 90) > 30);
    // The lower edge of the dog's box, and the ground within it and beside it.
    expect([differs(16, 19), differs(9, 19), differs(16, 29), differs(60, 25)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it.each([
    [{ threshold: 0.5 }, ['dog', 'cat']],
    [{ threshold: 0.95 }, []],
    [{ maxDetections: 1 }, ['dog']],
    [{ labels: ['cat'] }, ['cat', 'cat']],
    [{ labels: ['cat'], threshold: 0.5 }, ['cat']],
  ])('keeps to %j', async (parameters, labels) => {
    const input = { kind: 'images' as const, images: [imageOf('good')] };
    const { result, names } = await run(input, [await image('kept.png')], {
      ...parameters,
      annotate: false,
    });
    const [{ detections }] = result.json.images as [{ detections: { label: string }[] }];
    expect(detections.map(({ label }) => label)).toEqual(labels);
    expect(names).toEqual(['result.json', 'detections.csv']);
  });

  it('takes every nth frame of a video and gives it back with boxes', async () => {
    const file = path.join(folder, 'clip.mp4');
    await makeTestVideo({ out: file, frames: 10, width: 64, height: 32 });
    const video = { ...imageOf('clip.mp4'), frameCount: 10 };
    const { result, names, read } = await run({ kind: 'video', video, frameStep: 4 }, [file]);
    expect(result.units).toEqual({ 'inference.video_frame': 3 });
    const frames = result.json.videoFrames as { frame: number; timeSeconds: number; detections: unknown }[];
    expect(frames.map(({ frame, timeSeconds }) => [frame, timeSeconds])).toEqual([
      [0, 0],
      [4, 0.16],
      [8, 0.32],
    ]);
    expect(shown(frames[2].detections)).toEqual(shown(frames[0].detections));
    expect(result.json).toMatchObject({
      objects: 9,
      processed: 3,
      annotated: 'annotated.mp4',
      video: { frameCount: 10 },
    });
    expect(names).toEqual(['result.json', 'detections.csv', 'annotated.mp4']);
    const head = (await read('annotated.mp4')).subarray(4, 8).toString('latin1');
    expect(head).toBe('ftyp');
    expect(String(await read('detections.csv')).split('\n')[4]).toMatch(
      /^clip\.mp4,[0-9a-f-]{36},4,0\.16,dog,/,
    );
  });

  it('fails a job none of whose images can be read', async () => {
    const broken = path.join(folder, 'lost.png');
    await writeFile(broken, 'no image');
    const input = { kind: 'images' as const, images: [imageOf('lost')] };
    await expect(run(input, [broken])).rejects.toMatchObject({ code: 'NOTHING_PROCESSED', kind: 'invalid' });
  });
});
