import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { v7 as uuid } from 'uuid';
import type { Detection } from '../../../src/domain/detection.js';
import type { NewMedia } from '../../../src/domain/repositories/dataset.repository.js';
import { openZip } from '../../../src/media/zip-reader.js';
import { openFiller } from '../../../src/tasks/inpainting/fill.js';
import { colourManifest, colourNetwork } from '../../factories/onnx/colour-network.js';
import { addPetDetector } from '../../factories/onnx/detector-model.js';
import { makeModelFolder, type ModelFolder } from '../../factories/onnx/model-folder.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import type { ApiClient } from '../../support/api-client.js';
import { mediaOf, runInpainting } from '../../support/inpainting-run.js';
import { makeTestVideo } from '../../factories/videos/make-test-video.js';

const WIDTH = 320;
const HEIGHT = 240;
const FRAMES = 16;
const RADIUS = 24;
const DISC = [210, 40, 45] as const;
const centreOf = (frame: number): number => 70 + 8 * frame;

/** A red disc on a shaded ground, and a green square beside it. */
function scene(frame: number): Buffer {
  const rgb = Buffer.alloc(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y += 1)
    for (let x = 0; x < WIDTH; x += 1) {
      const disc = Math.hypot(x - centreOf(frame), y - 90) < RADIUS;
      const square = x >= 240 && x < 290 && y >= 170 && y < 220;
      const ground = [110 + x / 8, 120 + y / 8, 160] as const;
      rgb.set(disc ? DISC : square ? [40, 150, 60] : ground, 3 * (y * WIDTH + x));
    }
  return rgb;
}

const isRed = (rgb: Buffer, pixel: number): boolean => rgb[3 * pixel] - rgb[3 * pixel + 1] > 60;
const reds = (rgb: Buffer): number =>
  Array.from({ length: WIDTH * HEIGHT }, (_, pixel) => isRed(rgb, pixel)).filter(Boolean).length;

describe('inpainting of what a detector finds', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-anonymise-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const run = (source: string, mask: object, frames?: number) =>
    runInpainting(
      openFiller,
      [{ source, width: WIDTH, height: HEIGHT, ...(frames && { video: { frames, fps: 25 } }) }],
      { parameters: { modelId: 'pushpull', mask: { detector: 'shapes_detection', ...mask } } },
    );

  async function picture(): Promise<string> {
    const file = path.join(folder, 'scene.png');
    const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const;
    await writeFile(file, await sharp(scene(0), { raw }).png().toBuffer());
    return file;
  }

  async function memberOf(zip: Buffer, name: string): Promise<string> {
    const [packed, out] = ['result.zip', 'member'].map((file) => path.join(folder, file));
    await writeFile(packed, zip);
    const archive = await openZip(packed, { maxEntries: 10, maxTotalBytes: 1e7, maxEntryBytes: 1e7 });
    const entry = archive.entries.find((found) => found.name === name);
    if (!entry) throw new Error(`the ZIP has no ${name}`);
    await archive.extract(entry, out);
    archive.close();
    return readFile(out, 'utf8');
  }

  it('fills the objects with the wanted labels in an image, and nothing else', async () => {
    const { result, file, zip } = await run(await picture(), { labels: ['circle'], grow: 6 });
    const filled = await sharp(await file(1))
      .removeAlpha()
      .raw()
      .toBuffer();
    expect(reds(scene(0))).toBeGreaterThan(1700);
    expect(reds(filled)).toBe(0);
    const square = 3 * (195 * WIDTH + 265);
    expect([...filled.subarray(square, square + 3)]).toEqual([40, 150, 60]);
    const masks = result.json.masks as { found: { name: string; detections: Detection[] }[] };
    expect(masks).toMatchObject({
      detector: { id: 'shapes_detection' },
      labels: ['circle'],
      grow: 6,
      objects: 1,
      objectsByLabel: { circle: 1 },
    });
    const [{ box }] = masks.found[0].detections;
    // The disc's own box, within the network's accuracy.
    expect(Math.abs(box.x - (centreOf(0) - RADIUS))).toBeLessThan(6);
    expect(Math.abs(box.y + box.height - (90 + RADIUS))).toBeLessThan(6);
    // Found objects are told apart by the media of the dataset that they are in.
    const [, row] = (await memberOf(zip, 'detections.csv')).split('\n');
    expect(row.split(',').slice(0, 5)).toEqual(['scene.png', mediaOf('source_1')[1], '', '', 'circle']);
    expect(result.units).toEqual({ 'inference.image': 1, 'inference.video_frame': 0 });
  });

  it('leaves an image in which nothing is found as it is, says so and charges the search', async () => {
    const source = await picture();
    const { result, file } = await run(source, { labels: ['star'], threshold: 0.9 });
    const pixels = (bytes: Buffer | string) => sharp(bytes).removeAlpha().raw().toBuffer();
    expect((await pixels(await file(1))).equals(await pixels(source))).toBe(true);
    const [item] = result.json.items as { status: string; warnings: string[] }[];
    expect(item).toMatchObject({
      status: 'copied',
      warnings: ['The detector found nothing: the image is unchanged.'],
    });
    expect(result.units).toMatchObject({ 'inference.image': 1 });
  });

  it('follows an object through the frames of a video', async () => {
    const source = path.join(folder, 'moving.mp4');
    const disc = `lt(hypot(X-70-8*N,Y-90),${String(RADIUS)})`;
    const channels = [`r='if(${disc},210,110+X/8)'`, `g='if(${disc},40,120+Y/8)'`, `b='if(${disc},45,160)'`];
    await makeTestVideo({
      out: source,
      frames: FRAMES,
      width: WIDTH,
      height: HEIGHT,
      source: 'color=gray',
      filter: `format=rgb24,geq=${channels.join(':')}`,
    });
    const { result, file } = await run(source, { labels: ['circle'], grow: 6 }, FRAMES);
    const out = path.join(folder, 'filled.mp4');
    await writeFile(out, await file(1));
    const size = WIDTH * HEIGHT * 3;
    const redsOf = async (video: string) => {
      const raw = await rawFrames(video);
      return Array.from({ length: FRAMES }, (_, frame) =>
        reds(raw.subarray(frame * size, (frame + 1) * size)),
      );
    };
    expect(Math.min(...(await redsOf(source)))).toBeGreaterThan(1500);
    expect(await redsOf(out)).toEqual(new Array<number>(FRAMES).fill(0));
    const { found } = result.json.masks as { found: { frame: number; detections: Detection[] }[] };
    expect(found.map(({ frame }) => frame)).toEqual(Array.from({ length: FRAMES }, (_, frame) => frame));
    for (const { frame, detections } of found) {
      const middles = detections.map(({ box }) => box.x + box.width / 2);
      expect(middles.some((middle) => Math.abs(middle - centreOf(frame)) < 6)).toBe(true);
    }
    expect(result.units).toEqual({ 'inference.image': 0, 'inference.video_frame': 1 });
  });
});

async function rawFrames(file: string): Promise<Buffer> {
  const options = { encoding: 'buffer', maxBuffer: 64 * 2 ** 20 } as const;
  const output = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'];
  const { stdout } = await promisify(execFile)('ffmpeg', ['-v', 'error', '-i', file, ...output], options);
  return stdout;
}

describe('a request for inpainting with a detector', () => {
  let api: TestApi;
  let models: ModelFolder;
  let client: ApiClient;
  let datasetId: string;

  beforeAll(async () => {
    models = await makeModelFolder();
    await addPetDetector(models, [[4, 4, 12, 12, 0.9, 0]]);
    await models.add('colours', { model: colourNetwork() }, colourManifest());
    api = await startTestApi({ modelsDirectory: models.path });
    const { client: own, user } = await api.user('owner');
    client = own;
    datasetId = String((await client.post('/api/dataset', { name: 'Unmasked' })).at('dataset.id'));
    const source = (
      name: string,
      facts: Pick<NewMedia, 'kind' | 'frameCount' | 'durationSeconds' | 'fps'>,
    ) => ({
      source: {
        ...facts,
        id: uuid(),
        userId: user.id,
        role: 'source' as const,
        name,
        container: facts.kind === 'image' ? 'png' : 'mov',
        sha256: 'ab'.repeat(32),
        bytes: 1,
        width: 64,
        height: 32,
        storageKey: `nowhere/${name}`,
      },
    });
    const still = { kind: 'image', frameCount: 1, durationSeconds: null, fps: null } as const;
    const moving = { kind: 'video', frameCount: 75, durationSeconds: 3, fps: { num: 25, den: 1 } } as const;
    const items = [source('a.png', still), source('b.png', still), source('c.mp4', moving)];
    await api.persistence.unitOfWork.run(({ datasets }) => datasets.addItems(datasetId, items));
  });
  afterAll(async () => {
    await api.close();
    await models.remove();
  });

  const body = (mask: object | undefined, range = 'all') => ({
    task: 'inpainting',
    datasetId,
    parameters: { ...(mask && { mask: { detector: 'pets', ...mask } }) },
    range,
  });

  it('needs no masks in the dataset and costs what inpainting costs: quote is hold', async () => {
    const quoted = await client.post('/api/inference/estimate', body({ labels: ['dog'] }));
    // Two images at 2.75, and three seconds of video at a frame a second and 1.5.
    expect(quoted.at('cost')).toBe(2 * 2.75 + 3 * 1.5);
    expect(quoted.at('quote.preset')).toBe('inpainting');
    const created = await client.post('/api/inference', body({ labels: ['dog'] }));
    expect(created.status).toBe(201);
    const [id] = created.at('jobId') as string[];
    const job = await client.get(`/api/jobs/${id}`);
    expect([job.at('task'), job.at('cost.held')]).toEqual(['inpainting', 10]);
    await client.post(`/api/jobs/${id}/cancel`, {});
    const one = await client.post('/api/inference/estimate', body({}, '2-2'));
    expect(one.at('cost')).toBe(4.5);
  });

  it('is looked for again when a job is retried', async () => {
    await addPetDetector(models, [[4, 4, 12, 12, 0.9, 0]], 'leaving');
    const [id] = (await client.post('/api/inference', body({ detector: 'leaving' }))).at('jobId') as string[];
    await client.post(`/api/jobs/${id}/cancel`, {});
    await rm(path.join(models.path, 'leaving'), { recursive: true });
    const before = (await client.get('/api/user/credits')).at('credits');
    const refused = await client.post(`/api/jobs/${id}/retry`, {});
    expect([refused.status, refused.at('code')]).toEqual([404, 'NETWORK_NOT_FOUND']);
    expect((await client.get('/api/user/credits')).at('credits')).toBe(before);
  });

  it('is taken by the route of inpainting jobs too', async () => {
    const request = { datasetName: 'Unmasked', parameters: { mask: { detector: 'pets' } } };
    expect((await client.post('/api/inferences?dryRun=true', request)).at('cost')).toBe(10);
    const odd = { ...request, parameters: { mask: { detector: 'colours' } } };
    const answer = await client.post('/api/inferences', odd);
    expect([answer.status, answer.at('code')]).toEqual([422, 'NETWORK_TASK_UNSUPPORTED']);
  });

  it.each<[string, object | undefined, string, number, string, string?]>([
    ['a dataset without masks where no detector is named', undefined, 'all', 422, 'NO_MASKED_ITEMS'],
    ['a detector that is not there', { detector: 'nobody' }, 'all', 404, 'NETWORK_NOT_FOUND'],
    ['a classifier', { detector: 'colours' }, 'all', 422, 'NETWORK_TASK_UNSUPPORTED'],
    ['a version that is not there', { version: '9.9.9' }, 'all', 404, 'NETWORK_NOT_FOUND'],
    [
      'a label it does not know',
      { labels: ['dog', 'cow'] },
      'all',
      422,
      'LABELS_UNKNOWN',
      '/parameters/mask/labels/1',
    ],
    ['boxes grown without limit', { grow: 257 }, 'all', 400, 'VALIDATION', '/parameters/mask/grow'],
    ['boxes that shrink', { grow: -1 }, 'all', 400, 'VALIDATION', '/parameters/mask/grow'],
    ['a field of another name', { label: 'dog' }, 'all', 400, 'VALIDATION', '/parameters/mask/label'],
    ['a range beyond the items', {}, '1-3', 422, 'BAD_RANGE', '/range'],
  ])('refuses %s before anything is held', async (...[, mask, range, status, code, pointer]) => {
    const before = (await client.get('/api/user/credits')).at('credits');
    const answer = await client.post('/api/inference', body(mask, range));
    expect([answer.status, answer.at('code')]).toEqual([status, code]);
    if (pointer !== undefined) expect(answer.at('errors.0.pointer')).toBe(pointer);
    expect((await client.get('/api/user/credits')).at('credits')).toBe(before);
  });

  it.each([
    ['is not installed', 'nobody', 404, 'NETWORK_NOT_FOUND'],
    ['does something else', 'colours', 422, 'NETWORK_TASK_UNSUPPORTED'],
  ])('refuses a fill by a network that %s before anything is held', async (_what, modelId, status, code) => {
    const before = (await client.get('/api/user/credits')).at('credits');
    const wanted = body({}, 'all');
    const parameters = { ...wanted.parameters, modelId };
    const answer = await client.post('/api/inference', { ...wanted, parameters });
    expect([answer.status, answer.at('code')]).toEqual([status, code]);
    expect((await client.get('/api/user/credits')).at('credits')).toBe(before);
  });
});
