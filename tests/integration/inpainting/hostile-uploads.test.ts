import http from 'node:http';
import type { AddressInfo } from 'node:net';
import sharp from 'sharp';
import { startTestApi, type TestApi } from '../../support/api.js';
import type { ApiClient, ApiResponse } from '../../support/api-client.js';
import { gradient, pngOf, rectangleMask } from '../../support/inpainting-run.js';
import { animatedPng, blackPng, claimingPng, endlessGif } from '../../factories/images/hostile-images.js';
import { heicOf } from '../../factories/images/heic.js';
import { hostileZip, zip64Lie, type HostileEntry } from '../../factories/zip/hostile-zip.js';

const size = { width: 200, height: 200 };
const box = { left: 80, top: 80, right: 120, bottom: 120 };
const MEGABYTE = 2 ** 20;

let api: TestApi;
let client: ApiClient;
let image: Buffer;
let mask: Buffer;
/** Counts who follows a reference inside of an upload. */
let sink: http.Server;
let hits = 0;
let stored: number;

beforeAll(async () => {
  api = await startTestApi();
  ({ client } = await api.user('hostile'));
  await client.post('/api/datasets', { name: 'Pairs' });
  image = await pngOf(gradient(size.width, size.height), size);
  mask = await pngOf(rectangleMask(size, box), size);
  sink = http.createServer((_request, response) => {
    hits += 1;
    response.end();
  });
  await new Promise<void>((resolve) => void sink.listen(0, '127.0.0.1', resolve));
  stored = (await api.storedFiles()).length;
});
afterAll(async () => {
  expect(hits).toBe(0);
  await new Promise((resolve) => sink.close(resolve));
  await api.close();
});

const blob = (content: Uint8Array | string) =>
  new Blob([typeof content === 'string' ? content : new Uint8Array(content)]);

function upload(
  source: Uint8Array | string,
  hole: Uint8Array | string | null = mask,
  strict = false,
  owner = client,
): Promise<ApiResponse> {
  const body = new FormData();
  body.append('datasetName', 'Pairs');
  if (strict) body.append('strict', 'true');
  body.append('image', blob(source), 'image.png');
  if (hole !== null) body.append('mask', blob(hole), 'mask.png');
  return owner.call('POST', '/api/datasets/data', { body });
}

const balance = async () => Number((await client.get('/api/users/tokens')).at('data.balance'));

/** Refused with this code; nothing was stored, charged or left behind, and nothing of the machine is told. */
async function expectRefused(answer: ApiResponse, status: number, code: string | RegExp) {
  expect([answer.status, String(answer.at('code'))]).toEqual([
    status,
    typeof code === 'string' ? code : expect.stringMatching(code),
  ]);
  expect(JSON.stringify(answer.json)).not.toMatch(/node_modules|infernode-api-|at \w+ \(/);
  expect(await balance()).toBe(100);
  expect((await api.storedFiles()).length).toBe(stored);
  expect(await api.tempFolders()).toEqual([]);
}

describe('hostile archives', () => {
  const good = (): HostileEntry[] => [
    { name: 'image_1.png', data: image },
    { name: 'mask_1.png', data: mask },
  ];
  const named = (name: string): HostileEntry[] => [...good(), { name, data: image }];

  const cases: readonly [
    what: string,
    status: number,
    code: string,
    entries: () => HostileEntry[] | Buffer,
  ][] = [
    ['1 zip_dotdot', 422, 'ZIP_BAD_PATH', () => named('../../evil.png')],
    ['2 zip_absolute', 422, 'ZIP_BAD_PATH', () => named('/etc/evil.png')],
    ['3 zip_backslash', 422, 'ZIP_BAD_PATH', () => named('..\\..\\evil.png')],
    ['4 zip_drive', 422, 'ZIP_BAD_PATH', () => named('C:\\evil.png')],
    ['5 zip_mid_dotdot', 422, 'ZIP_BAD_PATH', () => named('g1/../../evil.png')],
    ['6 zip_nul', 422, 'ZIP_BAD_PATH', () => named('g1/a.png\0.exe')],
    [
      '8 zip_symlink',
      422,
      'ZIP_LINK',
      () => [
        ...good(),
        { name: 'image_2.png', data: Buffer.from('/etc/passwd'), externalAttributes: 0o120777 * 65536 },
      ],
    ],
    [
      '9 zip_bomb_flat',
      413,
      'ZIP_TOO_LARGE',
      () => {
        const zeros = Buffer.alloc(100 * MEGABYTE);
        return Array.from({ length: 9 }, (_, n) => ({ name: `image_${n}.png`, data: zeros, method: 8 }));
      },
    ],
    [
      '10 zip_bomb_overlap',
      413,
      'ZIP_TOO_LARGE',
      () => {
        const data = Buffer.alloc(100 * MEGABYTE);
        const entries = Array.from({ length: 9 }, (_, n) => ({ name: `image_${n}.png`, data, method: 8 }));
        return hostileZip(entries, { overlap: true });
      },
    ],
    [
      '11 zip_lie_huge',
      413,
      'ZIP_TOO_LARGE',
      () => [...good(), { name: 'a.png', data: Buffer.alloc(2048, 1), method: 8, declaredBytes: 0xfffffff0 }],
    ],
    ['13 zip_65k', 413, 'ZIP_TOO_MANY', () => Array.from({ length: 20_000 }, (_, n) => ({ name: `${n}` }))],
    ['15 zip_encrypted', 422, 'ZIP_ENCRYPTED', () => good().map((entry) => ({ ...entry, flags: 1 }))],
    ['16 zip_lzma', 422, 'ZIP_METHOD', () => good().map((entry) => ({ ...entry, method: 14 }))],
    ['17 zip_bad_crc', 422, 'ZIP_CORRUPT', () => good().map((entry) => ({ ...entry, crc: 1 }))],
    [
      '18 zip_duplicates',
      422,
      'ZIP_DUPLICATE',
      () => [...named('image_1.png'), ...good()].map((entry, at) => ({ ...entry, data: Buffer.from([at]) })),
    ],
    ['21 zip_long, deep', 422, 'ZIP_BAD_PATH', () => named(`${'a/'.repeat(2000)}x.png`)],
    ['21 zip_long, wide', 422, 'ZIP_BAD_PATH', () => named('x'.repeat(60_000))],
    ['23 zip_empty', 422, 'ZIP_EMPTY', () => []],
    ['26 zip_only_notes', 422, 'NO_VALID_PAIRS', () => [{ name: 'notes.txt', data: Buffer.from('hello') }]],
  ];
  it('27 zip_unpaired: 422 NO_VALID_PAIRS without a mask in the form', async () => {
    const archive = hostileZip([
      { name: 'image_1.png', data: image },
      { name: 'image_2.png', data: image },
      { name: 'mask_3.png', data: mask },
      { name: 'mask_5.png', data: mask },
    ]);
    await expectRefused(await upload(archive, null), 422, 'NO_VALID_PAIRS');
  });

  it.each([
    ...cases,
    ['14 zip_zip64', 422, 'ZIP_CORRUPT', () => Buffer.concat([hostileZip(good()), zip64Lie()])],
    ['22 zip_truncated', 422, 'ZIP_CORRUPT', () => hostileZip(good()).subarray(0, -40)],
    ['24 zip_not', 422, 'ZIP_CORRUPT', () => Buffer.from('PK\x03\x04garbage', 'latin1')],
    [
      '25 zip_polyglot',
      422,
      'IMAGE_CORRUPT',
      () => Buffer.concat([Buffer.from('GIF89a', 'latin1'), Buffer.alloc(100), hostileZip(good())]),
    ],
  ] as typeof cases)('%s: %d %s', async (_what, status, code, make) => {
    const made = make();
    await expectRefused(await upload(Buffer.isBuffer(made) ? made : hostileZip(made)), status, code);
  });

  it.each([
    ['7 zip_ctrl_bidi', 'BAD_NAME', () => ({ name: 'a\u202egnp.exe', data: image })],
    ['12 zip_lie_small', 'ZIP_CORRUPT', () => inflating()],
    ['15 zip_encrypted', 'ZIP_ENCRYPTED', () => ({ name: 'a.png', data: image, flags: 1 })],
    ['16 zip_lzma', 'ZIP_METHOD', () => ({ name: 'a.png', data: image, method: 14 })],
    ['17 zip_bad_crc', 'ZIP_CORRUPT', () => ({ name: 'a.png', data: image, crc: 1 })],
    ['18 zip_duplicates', 'ZIP_DUPLICATE', () => ({ name: 'image_1.png', data: image })],
  ])('%s is named with %s and the good pair is stored', async (what, code, bad) => {
    const { client: owner } = await api.user(`zipper-${what.slice(0, 2).trim()}`);
    await owner.post('/api/datasets', { name: 'Pairs' });
    const answer = await upload(hostileZip([...good(), bad()]), mask, false, owner);
    stored = (await api.storedFiles()).length;
    expect([answer.status, answer.at('processedItems')]).toEqual([201, 1]);
    const files = answer.at('files') as { code?: string }[];
    expect(files.flatMap((file) => file.code ?? [])).toEqual([code]);
  });

  const inflating = (): HostileEntry => ({
    name: 'image_2.png',
    data: Buffer.alloc(50 * MEGABYTE, 'x'),
    method: 8,
    declaredBytes: 1000,
  });
});

describe('hostile images', () => {
  const cases: readonly [what: string, status: number, code: string, bytes: () => Buffer | string][] = [
    ['28 png_16383', 413, 'IMAGE_TOO_LARGE', () => blackPng(16_383, 16_383)],
    ['29 png_30000', 413, 'IMAGE_TOO_LARGE', () => blackPng(30_000, 30_000)],
    ['30 png_claims_65535', 413, 'IMAGE_TOO_LARGE', () => claimingPng(65_535, 65_535, 12)],
    ['31 png_1x1M', 413, 'IMAGE_TOO_LARGE', () => blackPng(1, 1_000_000)],
    ['33 png_header', 422, 'IMAGE_CORRUPT', () => claimingPng(200, 200, 0)],
    ['34 empty', 422, 'EMPTY_FILE', () => ''],
    ['35 html_as_png', 415, 'UNSUPPORTED_TYPE', () => '<html><script>alert(1)</script></html>'],
    ['36 svg_ext', 415, 'UNSUPPORTED_TYPE', () => reachingSvg()],
    ['37 svg_entities', 415, 'UNSUPPORTED_TYPE', () => laughingSvg()],
    // Only their first frames are looked at.
    ['38 gif_5000', 422, 'MASK_SIZE_MISMATCH', () => endlessGif(5000)],
    ['44 wrong_ext, APNG', 422, 'MASK_SIZE_MISMATCH', () => animatedPng()],
  ];
  it.each(cases)('%s: %d %s', async (_what, status, code, bytes) => {
    await expectRefused(await upload(bytes()), status, code);
    await expectRefused(await upload(image, bytes()), status, code);
  });

  function reachingSvg(): string {
    const { port } = sink.address() as AddressInfo;
    const links = ['file:///etc/passwd', `http://127.0.0.1:${port}/x.png`];
    return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="200" height="200">${links
      .map((link) => `<image width="99" height="99" xlink:href="${link}"/>`)
      .join('')}</svg>`;
  }

  function laughingSvg(): string {
    const entities = Array.from({ length: 9 }, (_, n) =>
      n === 0 ? '<!ENTITY l0 "ha">' : `<!ENTITY l${n} "${`&l${n - 1};`.repeat(10)}">`,
    );
    return `<?xml version="1.0"?><!DOCTYPE svg [${entities.join('')}]><svg xmlns="http://www.w3.org/2000/svg"><text>&l8;</text></svg>`;
  }

  it('32 png_truncated, and a JPEG cut at half: 422 IMAGE_CORRUPT', async () => {
    const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
    const large = sharp({
      create: { width: 1000, height: 1000, channels: 3, background: 'red', noise },
    });
    const png = await large.clone().png().toBuffer();
    const jpeg = await large.clone().jpeg().toBuffer();
    await expectRefused(await upload(png.subarray(0, 800)), 422, 'IMAGE_CORRUPT');
    await expectRefused(await upload(jpeg.subarray(0, jpeg.length / 2)), 422, 'IMAGE_CORRUPT');
  });

  it('42 mask_grey and 43 mask_size: 422', async () => {
    const grey = rectangleMask(size, box);
    grey[0] = 127;
    const soft = await pngOf(grey, size);
    await expectRefused(await upload(image, soft, true), 422, 'MASK_NOT_BINARY');
    const half = { width: 100, height: 100 };
    const small = await pngOf(rectangleMask(half, { left: 10, top: 10, right: 30, bottom: 30 }), half);
    await expectRefused(await upload(image, small), 422, 'MASK_SIZE_MISMATCH');
  });
});

describe('odd files that are taken', () => {
  it.each(['webp', 'tiff', 'avif', 'gif'] as const)(
    '44 wrong_ext, %s as image and as mask, told by content',
    async (format) => {
      const mask = await pngOf(rectangleMask(size, box), size);
      const [source, paint] = await Promise.all(
        [image, mask].map((file) => sharp(file).toFormat(format, { lossless: true }).toBuffer()),
      );
      const answer = await upload(source, paint);
      expect([answer.status, answer.at('files.1.maskReading'), answer.at('warnings')]).toEqual([
        201,
        'white',
        [],
      ]);
      expect(answer.at('files.1.holeShare')).toBeCloseTo(0.04, 3);
    },
  );

  it('a photo of an iPhone, HEIC in tiles and turned, as image and as mask', async () => {
    const [source, paint] = await Promise.all(
      [image, await pngOf(rectangleMask(size, box), size)].map(async (file) => {
        const turned = await sharp(file)
          .rotate(90)
          .removeAlpha()
          .toColourspace('srgb')
          .raw()
          .toBuffer({ resolveWithObject: true });
        const { width, height } = turned.info;
        return heicOf({ width, height, data: turned.data }, { columns: 2, rows: 2, turns: 1 });
      }),
    );
    const answer = await upload(source, paint);
    expect([answer.status, answer.at('files.1.maskReading'), answer.at('warnings')]).toEqual([
      201,
      'white',
      [],
    ]);
    expect(answer.at('files.1.holeShare')).toBeCloseTo(0.04, 3);
    const { data } = await sharp((await shown()).body)
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const original = await sharp(image).removeAlpha().toColourspace('srgb').raw().toBuffer();
    expect(data.length).toBe(original.length);
    expect(Math.max(...data.map((value, at) => Math.abs(value - original[at])))).toBeLessThanOrEqual(3);
  });

  afterEach(async () => expect(await api.tempFolders()).toEqual([]));

  /** What the API shows of the last stored image. */
  async function shown(): Promise<{ headers: Headers; body: Buffer }> {
    const items = await client.get('/api/datasets/Pairs/data?limit=100');
    const last = Number(items.at('data.totalItems')) - 1;
    const answer = await fetch(String(items.at(`data.items.${last}.imageUrl`)));
    return { headers: answer.headers, body: Buffer.from(await answer.arrayBuffer()) };
  }

  it('19 zip_local_differs and 20 zip_nested: the good pair is stored, under its directory name', async () => {
    const before = await balance();
    const bytes = hostileZip([
      { name: 'g/image_1.png', data: image, localName: '../../zz.png' },
      { name: 'g/mask_1.png', data: mask },
      { name: 'g/inner.zip', data: hostileZip([{ name: 'image_9.png', data: image }]) },
    ]);
    const answer = await upload(bytes);
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({
      files: [
        { entry: 'g/image_1.png', outcome: 'stored' },
        { entry: 'g/mask_1.png', outcome: 'stored' },
        { entry: 'g/inner.zip', outcome: expect.stringMatching(/ignored|refused/) },
      ],
    });
    expect(await balance()).toBeCloseTo(before - 0.7, 9);
  });

  it('39 jpeg_polyglot: what is served is an image and nothing else', async () => {
    const jpeg = await sharp(image)
      .withExif({ IFD0: { Artist: '<?php evil(); ?>' } })
      .jpeg()
      .toBuffer();
    const both = Buffer.concat([jpeg, Buffer.from('<?php system($_GET[0]); ?><script>alert(1)</script>')]);
    const answer = await upload(both);
    expect(answer.status).toBe(201);
    const { headers, body } = await shown();
    expect(headers.get('content-type')).toBe('image/png');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(body.includes('<?php')).toBe(false);
    expect(body.includes('<script>')).toBe(false);
  });

  it('41 jpeg_gps: stored upright and without its place', async () => {
    const turned = await sharp(await pngOf(gradient(200, 200), size))
      .withExif({ IFD3: { GPSLatitude: '51/1 30/1 0/1' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    expect((await upload(turned)).status).toBe(201);
    const { body } = await shown();
    expect((await sharp(body).metadata()).exif).toBeUndefined();
    // Orientation 6 turns by a quarter: green, which grew downwards, falls from left to right.
    const { data } = await sharp(body).raw().toBuffer({ resolveWithObject: true });
    expect(data[3 * (100 * 200 + 10) + 1]).toBeGreaterThan(data[3 * (100 * 200 + 190) + 1] + 150);
  });

  it('40 png_odd: 16 bits, palette, CMYK, interlaced and a broken colour profile', async () => {
    const images = [
      await sharp(image).toColourspace('rgb16').png().toBuffer(),
      await sharp(image).png({ palette: true }).toBuffer(),
      await sharp(image).toColourspace('cmyk').jpeg().toBuffer(),
      await sharp(image).png({ progressive: true }).toBuffer(),
    ];
    for (const odd of images) expect((await upload(odd)).status).toBe(201);
    const profiled = await sharp(image).withIccProfile('p3').jpeg().toBuffer();
    const at = profiled.indexOf('ICC_PROFILE');
    profiled.fill(0xaa, at + 14, at + 80);
    expect([201, 422]).toContain((await upload(profiled)).status);
  });
});
