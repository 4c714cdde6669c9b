import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { startTestApi, type TestApi } from '../../support/api.js';
import type { ApiClient, ApiResponse } from '../../support/api-client.js';
import { gradient, pngOf, rectangleMask } from '../../support/inpainting-run.js';
import { makeTestVideo } from '../../factories/videos/make-test-video.js';
import { zipOf } from '../../factories/zip/zip-of.js';

const size = { width: 64, height: 48 };
const box = { left: 10, top: 10, right: 26, bottom: 22 };
/** The same box as a shape: 16 x 12 of 64 x 48 pixels, a sixteenth of them. */
const rectangle = { type: 'rectangle', x: 10, y: 10, width: 16, height: 12 };
const shapes = JSON.stringify({ shapes: [rectangle] });

type File = readonly [content: Buffer, name: string];

describe('one mask for several images', () => {
  let api: TestApi;
  let folder: string;
  let mask: Buffer;
  let images: readonly Buffer[];

  beforeAll(async () => {
    api = await startTestApi({ settings: { UPLOAD_ZIP_MAX_FILES: '30' } });
    folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-masks-'));
    mask = await pngOf(rectangleMask(size, box), size);
    const image = await pngOf(gradient(size.width, size.height), size);
    images = await Promise.all(
      Array.from({ length: 20 }, (_image, index) =>
        sharp(image)
          .modulate({ brightness: 1 - index / 40 })
          .png()
          .toBuffer(),
      ),
    );
  });
  afterAll(async () => {
    await api.close();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async () => expect(await api.tempFolders()).toEqual([]));

  async function owner(name: string): Promise<ApiClient> {
    const { client } = await api.user(name);
    await client.post('/api/datasets', { name: 'Marks' });
    return client;
  }

  function upload(
    client: ApiClient,
    files: { readonly image: readonly File[]; readonly mask?: File },
    fields: Readonly<Record<string, string>> = {},
    query = '',
  ): Promise<ApiResponse> {
    const body = new FormData();
    for (const [name, value] of Object.entries({ datasetName: 'Marks', ...fields })) body.append(name, value);
    for (const [content, name] of files.image)
      body.append('image', new Blob([new Uint8Array(content)]), name);
    if (files.mask) body.append('mask', new Blob([new Uint8Array(files.mask[0])]), files.mask[1]);
    return client.call('POST', `/api/datasets/data${query}`, { body });
  }

  const named = (content: readonly Buffer[]): File[] =>
    content.map((image, index) => [image, `photo-${String(index + 1)}.png`]);

  /** Digests of the stored masks, in the order of the items. */
  async function storedMasks(client: ApiClient): Promise<string[]> {
    const list = await client.get('/api/datasets/Marks/data?limit=100');
    const items = list.at('data.items') as { readonly maskUrl: string | null }[];
    return Promise.all(
      items.map(async ({ maskUrl }) => {
        const answer = await fetch(new URL(String(maskUrl), api.url));
        return createHash('sha256')
          .update(Buffer.from(await answer.arrayBuffer()))
          .digest('hex');
      }),
    );
  }

  const balance = async (client: ApiClient) =>
    Number((await client.get('/api/users/tokens')).at('data.balance'));

  it('masks 20 images of one form, each charged as one image', async () => {
    const client = await owner('form');
    const quoted = await upload(
      client,
      { image: named(images), mask: [mask, 'logo.png'] },
      {},
      '?dryRun=true',
    );
    const answer = await upload(client, { image: named(images), mask: [mask, 'logo.png'] });
    expect([answer.status, answer.at('processedItems')]).toEqual([201, 20]);
    expect(answer.at('tokenSpent')).toBe(20 * 0.65);
    expect(quoted.at('cost') ?? quoted.at('price')).toBe(20 * 0.65);
    expect(await balance(client)).toBe(100 - 20 * 0.65);
    const files = answer.at('files') as {
      readonly role: string;
      readonly id: string;
      readonly pairedWith: string;
    }[];
    expect(files).toHaveLength(40);
    expect(new Set(files.map(({ id }) => id)).size).toBe(40);
    const sources = files.filter(({ role }) => role === 'source');
    expect(sources.map(({ pairedWith }) => pairedWith)).toEqual(Array(20).fill('logo.png'));
    expect(new Set(await storedMasks(client)).size).toBe(1);
  });

  it('masks the images of a ZIP that have no mask of their own', async () => {
    const client = await owner('zip');
    const own = await pngOf(rectangleMask(size, { left: 40, top: 30, right: 60, bottom: 40 }), size);
    const entries = Object.fromEntries(
      images.slice(0, 19).map((image, index) => [`${String(index)}.png`, image]),
    );
    const zip = await zipOf(folder, { ...entries, 'cat.png': images[19], 'cat_mask.png': own });
    const answer = await upload(client, { image: [[zip, 'photos.zip']], mask: [mask, 'logo.png'] });
    expect([answer.status, answer.at('processedItems'), answer.at('tokenSpent')]).toEqual([
      201,
      20,
      20 * 0.7,
    ]);
    const masks = await storedMasks(client);
    expect(masks.filter((digest) => digest === masks[0])).toHaveLength(19);
    // The last image keeps its own mask.
    expect(masks[19]).not.toBe(masks[0]);
    expect(answer.at('files')).toContainEqual(
      expect.objectContaining({ entry: 'cat.png', pairedWith: 'cat_mask.png', outcome: 'stored' }),
    );
  });

  it('stores a mask of rectangles as the PNG of the same rectangles, in pixels and in fractions', async () => {
    const client = await owner('shapes');
    const fractions = { type: 'rectangle', x: 10 / 64, y: 10 / 48, width: 16 / 64, height: 12 / 48 };
    const polygon = {
      type: 'polygon',
      points: [
        [10, 10],
        [26, 10],
        [26, 22],
        [10, 22],
      ],
    };
    const given = [
      shapes,
      JSON.stringify({ unit: 'fractions', shapes: [fractions] }),
      JSON.stringify({ shapes: [polygon] }),
    ];
    await upload(client, { image: [[images[0], 'a.png']], mask: [mask, 'mask.png'] });
    for (const text of given) {
      const answer = await upload(client, { image: [[images[0], 'a.png']] }, { mask: text });
      expect([answer.status, answer.at('files.1')]).toEqual([
        201,
        expect.objectContaining({ maskReading: 'shapes', holeShare: 1 / 16, role: 'mask', entry: 'shapes' }),
      ]);
    }
    const masks = await storedMasks(client);
    expect(masks).toEqual(Array(4).fill(masks[0]));
  });

  it('takes the mask from the transparency of each image', async () => {
    const client = await owner('alpha');
    const opaque = await sharp(mask).extractChannel(0).negate().raw().toBuffer();
    const raw = { raw: { ...size, channels: 1 } } as const;
    const erase = (image: Buffer) => sharp(image).joinChannel(opaque, raw).png().toBuffer();
    const alpha = await Promise.all(images.slice(0, 2).map(erase));
    const answer = await upload(
      client,
      {
        image: [
          [alpha[0], 'a.png'],
          [alpha[1], 'b.png'],
          [images[2], 'opaque.png'],
        ],
      },
      { mask: 'alpha' },
    );
    expect([answer.status, answer.at('processedItems')]).toEqual([201, 2]);
    expect(answer.at('files')).toContainEqual(
      expect.objectContaining({ entry: 'opaque.png', outcome: 'refused', code: 'MASK_EMPTY' }),
    );
    expect(answer.at('files.1.maskReading')).toBe('transparency');
    await upload(client, { image: [[images[0], 'a.png']], mask: [mask, 'mask.png'] });
    const masks = await storedMasks(client);
    expect(masks).toEqual(Array(3).fill(masks[2]));
  });

  it('scales the mask only where asked, and reports images of another size', async () => {
    const client = await owner('sizes');
    const large = await sharp(images[0]).resize(128, 96).png().toBuffer();
    const image: File[] = [
      [images[0], 'small.png'],
      [large, 'large.png'],
    ];
    const exact = await upload(client, { image, mask: [mask, 'logo.png'] });
    expect([exact.status, exact.at('processedItems')]).toEqual([201, 1]);
    expect(exact.at('files.2')).toMatchObject({
      entry: 'large.png',
      outcome: 'refused',
      code: 'MASK_SIZE_MISMATCH',
    });
    const scaled = await upload(client, { image, mask: [mask, 'logo.png'] }, { maskFit: 'scale' });
    expect([scaled.status, scaled.at('processedItems')]).toEqual([201, 2]);
    // Twice the size, so the same share.
    expect(scaled.at('files.3')).toMatchObject({ role: 'mask', holeShare: 1 / 16 });
    expect(scaled.at('files.3.warnings')).toEqual(['The mask was scaled from 64x48 to 128x96 pixels.']);
  });

  it('draws a mask for a video', async () => {
    const client = await owner('video');
    const out = path.join(folder, 'clip.mp4');
    await makeTestVideo({ out, frames: 30, ...size });
    const answer = await upload(client, { image: [[await readFile(out), 'clip.mp4']] }, { mask: shapes });
    expect([answer.status, answer.at('files.1.holeShare')]).toEqual([201, 1 / 16]);
    const alpha = await upload(client, { image: [[await readFile(out), 'clip.mp4']] }, { mask: 'alpha' });
    expect([alpha.status, alpha.at('code')]).toEqual([422, 'MASK_KIND_MISMATCH']);
  });

  it.each([
    [
      'a shape beyond the edge',
      { mask: '{"shapes":[{"type":"rectangle","x":60,"y":0,"width":5,"height":4}]}' },
      'MASK_SHAPE_OUTSIDE',
      '/mask/shapes/0/width',
    ],
    [
      'a point beyond the edge',
      { mask: '{"shapes":[{"type":"stroke","points":[[1,1],[2,48.5]],"width":2}]}' },
      'MASK_SHAPE_OUTSIDE',
      '/mask/shapes/0/points/1/1',
    ],
    [
      'fractions above 1',
      { mask: '{"unit":"fractions","shapes":[{"type":"polygon","points":[[0,0],[2,0],[0,1]]}]}' },
      'VALIDATION',
      '/mask/shapes/0',
    ],
    ['an unknown shape', { mask: '{"shapes":[{"type":"oval"}]}' }, 'VALIDATION', '/mask'],
    ['no JSON', { mask: '{"shapes":' }, 'VALIDATION', '/mask'],
    [
      'too many points',
      { mask: JSON.stringify({ shapes: [{ type: 'polygon', points: Array(5001).fill([1, 1]) }] }) },
      'VALIDATION',
      '/mask',
    ],
    [
      'everything',
      { mask: '{"unit":"fractions","shapes":[{"type":"rectangle","x":0,"y":0,"width":1,"height":1}]}' },
      'MASK_ALL_HOLE',
      '/mask',
    ],
    [
      'a shape between the pixels',
      { mask: '{"shapes":[{"type":"rectangle","x":1.6,"y":1,"width":0.3,"height":4}]}' },
      'MASK_EMPTY',
      '/mask',
    ],
    ['an unknown fit', { mask: 'alpha', maskFit: 'stretch' }, 'VALIDATION', '/maskFit'],
  ])('refuses %s, charges and keeps nothing', async (what, fields, code, pointer) => {
    const client = await owner(`bad-${String(what.length)}-${code.toLowerCase().replaceAll('_', '-')}`);
    const before = await api.storedFiles();
    const answer = await upload(client, { image: [[images[0], 'a.png']] }, fields);
    expect([answer.status, answer.at('code'), answer.at('errors.0.pointer')]).toEqual([
      code === 'VALIDATION' ? 400 : 422,
      code,
      pointer,
    ]);
    expect(await balance(client)).toBe(100);
    expect(await api.storedFiles()).toEqual(before);
  });

  it('refuses a mask that is sent as file and as text, and too long a text', async () => {
    const client = await owner('both');
    const both = await upload(
      client,
      { image: named(images.slice(0, 1)), mask: [mask, 'm.png'] },
      { mask: 'alpha' },
    );
    expect([both.status, both.at('errors.0.pointer')]).toEqual([400, '/mask']);
    const long = await upload(client, { image: named(images.slice(0, 1)) }, { mask: ' '.repeat(262_145) });
    expect([long.status, long.at('code')]).toEqual([400, 'BAD_MULTIPART']);
    expect(long.at('message')).toMatch(/mask.*262144 bytes/);
  });

  it('refuses more images than a form may have, and more bytes', async () => {
    const client = await owner('many');
    const tiny = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const many = await upload(client, { image: named(Array<Buffer>(101).fill(tiny)) }, { mask: shapes });
    expect([many.status, many.at('code')]).toEqual([400, 'TOO_MANY_FILES']);
    const noise = Buffer.alloc(2_500_000, 1);
    const large = await upload(client, { image: named(Array<Buffer>(3).fill(noise)) }, { mask: shapes });
    expect([large.status, large.at('code')]).toEqual([413, 'FILE_TOO_LARGE']);
    expect(await balance(client)).toBe(100);
  });
});
