import { cp } from 'node:fs/promises';
import path from 'node:path';
import { readCatalogue, requireEntry } from '../../../../scripts/models/catalogue-file.js';
import { inpaintingManifestSchema } from '../../../../src/networks/inpainting/inpainting-manifest.js';
import { openFiller } from '../../../../src/tasks/inpainting/fill.js';
import type { FillRequest } from '../../../../src/tasks/inpainting/filler.js';
import { miganLike } from '../../../factories/onnx/migan-like.js';
import { makeModelFolder, type ModelFolder } from '../../../factories/onnx/model-folder.js';
import { writeOnnx } from '../../../factories/onnx/onnx-model.js';
import { holeOf, knownChanges, paint, spoil } from '../../../factories/images/inpainting-images.js';

/** LaMa's contract: float image 0..1 and mask with 1 = hole, 512x512; output 0..255. It "fills" with 0.25 and 0.5 and 0.75. */
const lamaLike = (): Uint8Array =>
  writeOnnx({
    inputs: [
      { name: 'image', dims: [1, 3, 512, 512] },
      { name: 'mask', dims: [1, 1, 512, 512] },
    ],
    outputs: [{ name: 'output', dims: [1, 3, 512, 512] }],
    constants: [
      { name: 'one', dims: [1], data: [1] },
      { name: 'bytes', dims: [1], data: [255] },
      { name: 'colour', dims: [1, 3, 1, 1], data: [0.2, 0.4, 0.6] },
    ],
    nodes: [
      { op: 'Sub', inputs: ['one', 'mask'], outputs: ['known'] },
      { op: 'Mul', inputs: ['image', 'known'], outputs: ['kept'] },
      { op: 'Mul', inputs: ['mask', 'colour'], outputs: ['filled'] },
      { op: 'Add', inputs: ['kept', 'filled'], outputs: ['joined'] },
      { op: 'Mul', inputs: ['joined', 'bytes'], outputs: ['output'] },
    ],
  });

const rgb01 = { dtype: 'float32', layout: 'NCHW', channelOrder: 'RGB', range: [0, 1] };
const rgb255 = { dtype: 'uint8', layout: 'NCHW', channelOrder: 'RGB', range: [0, 255] };
const LAMA = {
  task: 'inpainting',
  kind: 'fill',
  image: { name: 'image', ...rgb01, holeFill: null },
  mask: { name: 'mask', dtype: 'float32', layout: 'NCHW', hole: 1, known: 0 },
  output: { name: 'output', ...rgb01, range: [0, 255] },
  size: { kind: 'fixed', width: 512, height: 512 },
};
const MIGAN = {
  task: 'inpainting',
  kind: 'fill',
  image: { name: 'image', ...rgb255, holeFill: null },
  mask: { name: 'mask', dtype: 'uint8', layout: 'NCHW', hole: 0, known: 255 },
  output: { name: 'result', ...rgb255 },
  size: { kind: 'multiple', of: 8, min: 8, max: 1024 },
};

let models: ModelFolder;
beforeAll(async () => {
  models = await makeModelFolder();
  await models.add('lama', { model: lamaLike() }, LAMA);
  await models.add(
    'lama-bgr',
    { model: lamaLike() },
    {
      ...LAMA,
      image: { ...LAMA.image, channelOrder: 'BGR' },
      output: { ...LAMA.output, channelOrder: 'BGR' },
    },
  );
  await models.add('migan', { model: miganLike() }, MIGAN);
  await models.add('other', { model: miganLike() }, { task: 'classification' });
});
afterAll(() => models.remove());

const box = (left: number, top: number, width: number, height: number) => ({ left, top, width, height });

async function fill(
  modelId: string,
  size: readonly [number, number],
  hole = box(20, 10, 16, 12),
  { large = false, folder = models.path, modelTimeoutMs = 600_000, shade = 0 } = {},
) {
  const [width, height] = size;
  const truth = paint(width, height, (x, y) => [shade || x % 256, y % 256, (x + y) % 256]);
  const mask = holeOf(width, height, hole);
  const filler = await openFiller({
    modelId,
    device: 'cpu',
    strict: false,
    modelsDirectory: folder,
    threads: 1,
    modelTimeoutMs,
  });
  const request: FillRequest = {
    image: spoil(truth, mask),
    mask,
    large,
    quality: 'balanced',
    variants: 1,
    seed: 1,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  };
  const result = await filler.fill(request).finally(() => filler.release());
  const { data } = result.images[0].image;
  const colours = new Set<number>();
  mask.data.forEach((value, i) => {
    if (value > 0) colours.add((data[3 * i] << 16) + (data[3 * i + 1] << 8) + data[3 * i + 2]);
  });
  return {
    colours: [...colours].map((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255].join()),
    changed: knownChanges({ data }, truth, mask),
    method: result.images[0].method,
    ...(result.warnings.length > 0 && { warnings: result.warnings }),
  };
}

describe('public inpainting networks by manifest', () => {
  it.each([
    ['smaller than its fixed size', [100, 70]],
    ['of its fixed size', [512, 512]],
    ['larger than its fixed size, in tiles', [700, 530]],
  ] as const)('LaMa fills an image %s', async (_name, size) => {
    expect(await fill('lama', size)).toEqual({ colours: ['51,102,153'], changed: 0, method: 'lama' });
  });

  it('LaMa sees a hole too deep for its window on a reduced copy', async () => {
    const { colours, changed } = await fill('lama', [900, 900], box(100, 100, 700, 700));
    expect(colours).toContain('51,102,153');
    expect(changed).toBe(0);
  });

  it('swaps the channels of a network that wants blue first', async () => {
    expect((await fill('lama-bgr', [64, 64])).colours).toEqual(['153,102,51']);
  });

  it('MI-GAN marks what is known, with bytes, at any size', async () => {
    expect(await fill('migan', [75, 61])).toEqual({ colours: ['10,20,30'], changed: 0, method: 'migan' });
  });

  it('refuses a model that is not there and a network for another task', async () => {
    await expect(fill('nothing', [64, 64])).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      kind: 'invalid',
    });
    await expect(fill('other', [64, 64])).rejects.toMatchObject({ code: 'NETWORK_MANIFEST_INVALID' });
  });
});

describe('networks for large holes', () => {
  let folder: ModelFolder;
  const own = path.resolve('models', 'inpainting');
  const addMigan = async (id: string) => {
    const { manifest, task, kind } = requireEntry(await readCatalogue(), 'migan_pipeline_v2');
    await folder.add(id, { model: miganLike() }, { ...manifest, task, kind });
  };
  beforeAll(async () => {
    folder = await makeModelFolder();
    await cp(own, path.join(folder.path, 'inpainting'), { recursive: true });
  });
  afterAll(() => folder.remove());

  it('default_inpainting fills large holes with such a network once it is installed, and no others', async () => {
    const inFolder = { folder: folder.path };
    const hole = box(20, 10, 50, 40);
    const before = await fill('default_inpainting', [96, 80], hole, { ...inFolder, large: true });
    expect(before.method).toBe('patch_guided');
    await addMigan('migan_pipeline_v2');
    const large = await fill('default_inpainting', [96, 80], hole, { ...inFolder, large: true });
    expect(large).toEqual({ colours: ['10,20,30'], changed: 0, method: 'migan_pipeline_v2' });
    const small = await fill('default_inpainting', [96, 80], hole, inFolder);
    expect(small.method).toBe('patch_guided');
  });

  it('shows the network the whole hole, in images of any size, and leaves what is known', async () => {
    const inFolder = { folder: folder.path, large: true };
    for (const [size, hole] of [
      [[333, 251] as const, box(0, 0, 250, 251)],
      [[97, 1031] as const, box(10, 200, 80, 700)],
    ] as const) {
      const filled = await fill('default_inpainting', size, hole, inFolder);
      expect(filled).toEqual({ colours: ['10,20,30'], changed: 0, method: 'migan_pipeline_v2' });
    }
    // On a reduced copy, so colours meet those around the hole at its rim.
    const reduced = await fill('default_inpainting', [2500, 1400], box(300, 200, 1900, 1000), inFolder);
    expect(reduced).toMatchObject({ changed: 0, method: 'migan_pipeline_v2' });
    expect(reduced.colours).toContain('10,20,30');
  });

  it('fills without a network that fails, and says so', async () => {
    const { manifest, task, kind } = requireEntry(await readCatalogue(), 'inpainting_lama_2025jan');
    const broken = await makeModelFolder();
    await cp(own, path.join(broken.path, 'inpainting'), { recursive: true });
    await broken.add('lama', { model: Buffer.from('no graph') }, { ...manifest, task, kind });
    const inFolder = { folder: broken.path, large: true };
    const filled = await fill('default_inpainting', [96, 80], box(20, 10, 50, 40), inFolder);
    expect(filled).toMatchObject({ changed: 0, method: 'patch_guided' });
    expect(filled.warnings).toEqual([expect.stringContaining('the hole was filled without it')]);
    await expect(fill('lama', [96, 80], box(20, 10, 50, 40), inFolder)).rejects.toThrow();
    await broken.remove();
  });

  it.each([
    ['never opens', 'always'],
    ['never answers', 'white'],
  ] as const)(
    'ends a network that %s at its time limit, fills without it, and says so',
    async (_name, hangs) => {
      const { manifest, task, kind } = requireEntry(await readCatalogue(), 'migan_pipeline_v2');
      const slow = await makeModelFolder();
      await cp(own, path.join(slow.path, 'inpainting'), { recursive: true });
      await slow.add('migan', { model: miganLike(hangs) }, { ...manifest, task, kind });
      const limited = { folder: slow.path, large: true, modelTimeoutMs: 500, shade: 255 };
      const hole = box(20, 10, 50, 40);
      const filled = await fill('default_inpainting', [96, 80], hole, limited);
      expect(filled).toMatchObject({ changed: 0, method: 'patch_guided' });
      expect(filled.warnings).toEqual([
        'The installed network for large holes failed, so the hole was filled without it: Network migan did not answer within 0.5 s and was stopped.',
      ]);
      await expect(fill('migan', [96, 80], hole, limited)).rejects.toMatchObject({
        code: 'INPAINTING_TIMEOUT',
        kind: 'too_large',
      });
      await slow.remove();
    },
  );

  it('the catalogue describes its inpainting networks as the product runs them', async () => {
    const entries = (await readCatalogue()).filter(({ task }) => task === 'inpainting');
    expect(entries.map(({ id }) => id)).toEqual(['inpainting_lama_2025jan', 'migan_pipeline_v2']);
    for (const { id, task, kind, licence, sha256, bytes, manifest } of entries) {
      const files = { model: { path: 'model.onnx', sha256, bytes } };
      const whole = { id, version: '1', task, kind, licence, files, ...manifest };
      expect(inpaintingManifestSchema.safeParse(whole).error).toBeUndefined();
    }
  });
});
