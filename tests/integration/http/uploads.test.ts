import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { startTestApi, type TestApi } from '../../support/api.js';
import type { ApiClient, ApiResponse } from '../../support/api-client.js';
import { plainImage } from '../../factories/images/plain-image.js';
import { makeTestVideo } from '../../factories/videos/make-test-video.js';
import { zipOf } from '../../factories/zip/zip-of.js';

const FRAME_PRICE = 0.001;

const blobOf = (content: Uint8Array | string): Blob =>
  new Blob([typeof content === 'string' ? content : new Uint8Array(content)]);

describe('uploads', () => {
  let api: TestApi;
  let folder: string;
  let clip: Buffer;
  let short: Buffer;

  beforeAll(async () => {
    api = await startTestApi({ modelsDirectory: path.resolve(import.meta.dirname, '../../../../models') });
    folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-clips-'));
    clip = await video('clip.mp4', 50);
    short = await video('short.mkv', 10);
  });
  afterAll(async () => {
    await api.close();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async () => expect(await api.tempFolders()).toEqual([]));

  async function video(name: string, frames: number): Promise<Buffer> {
    const out = path.join(folder, name);
    await makeTestVideo({ out, frames });
    return readFile(out);
  }

  function form(
    content: Uint8Array | string | null,
    fields: Record<string, string>,
    filename = 'x.mp4',
  ): FormData {
    const data = new FormData();
    for (const [name, value] of Object.entries(fields)) data.append(name, value);
    if (content !== null) data.append('content', blobOf(content), filename);
    return data;
  }

  async function owner(
    name: string,
  ): Promise<{ client: ApiClient; path: string; id: string; userId: string }> {
    const { client, user } = await api.user(name);
    const id = String((await client.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
    return { client, id, path: `/api/dataset/${id}/videos`, userId: user.id };
  }

  const upload = (client: ApiClient, where: string, body: FormData, headers?: Record<string, string>) =>
    client.call('POST', where, { body, headers });

  /** Nothing was stored and nothing was charged. */
  async function expectRefused(
    answer: ApiResponse,
    expected: [status: number, code: string],
    client: ApiClient,
  ) {
    expect([answer.status, answer.at('code')]).toEqual(expected);
    expect((await client.get('/api/user/credits')).at('credits')).toBe(100);
  }

  it('a video is stored, charged by its counted frames and shown in its dataset', async () => {
    const { client, path: where, id, userId } = await owner('uploader');
    const before = (await api.storedFiles()).length;
    const quoted = await upload(
      client,
      `${where}?dryRun=true`,
      form(clip, { name: 'Morning Rush Hour', type: 'video' }),
    );
    expect(quoted.json).toMatchObject({ dryRun: true, cost: 50 * FRAME_PRICE, affordable: true });
    expect((await api.storedFiles()).length).toBe(before);

    const answer = await upload(client, where, form(clip, { name: 'Morning Rush Hour', type: 'video' }));
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({
      message: 'Morning Rush Hour - video added',
      id: expect.any(String),
      costDeducted: 50 * FRAME_PRICE,
    });
    expect((await client.get(`/api/dataset/${id}`)).at('dataset.videos')).toMatchObject([
      { id: answer.at('id'), name: 'Morning Rush Hour', frame_count: 50, width: 64, height: 48, fps: 25 },
    ]);
    expect((await client.get('/api/user/credits')).at('credits')).toBe(100 - 50 * FRAME_PRICE);
    const { ledger } = api.persistence.unitOfWork.read;
    expect(await ledger.listByUser(userId, 1)).toMatchObject([{ kind: 'upload', delta: -50_000n }]);
    expect((await api.storedFiles()).length).toBe(before + 1);
  });

  it('a ZIP brings several videos; notes are ignored, broken ones reported, only good ones billed', async () => {
    const { client, path: where, id } = await owner('zipper');
    const archive = await zipOf(folder, {
      'first.mp4': clip,
      'notes.txt': Buffer.from('remember the milk'),
      'cut.mp4': clip.subarray(0, clip.length / 2),
      'deeper/second.mkv': short,
      '__MACOSX/._first.mp4': Buffer.from('noise'),
    });
    const answer = await upload(client, where, form(archive, { name: 'Tour', type: 'zip' }, 'tour.zip'));
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({
      message: 'Tour - video added',
      costDeducted: 60 * FRAME_PRICE,
      videos: [
        { name: 'Tour-1', frame_count: 50 },
        { name: 'Tour-2', frame_count: 10 },
      ],
    });
    expect(answer.at('id')).toBe(answer.at('videos.0.id'));
    const outcomes = (answer.at('files') as { entry: string; outcome: string; code?: string }[]).map(
      ({ entry, outcome, code }) => [entry, outcome, code],
    );
    expect(outcomes).toEqual([
      ['first.mp4', 'stored', undefined],
      ['notes.txt', 'ignored', 'UNSUPPORTED_ENTRY'],
      ['cut.mp4', 'refused', 'VIDEO_CORRUPT'],
      ['deeper/second.mkv', 'stored', undefined],
      ['__MACOSX/._first.mp4', 'ignored', 'UNSUPPORTED_ENTRY'],
    ]);
    expect(await client.get(`/api/dataset/${id}`).then((shown) => shown.at('dataset.videos'))).toHaveLength(
      2,
    );
  });

  it.each<[what: string, content: () => Uint8Array | string | null, status: number, code: string]>([
    ['an HLS playlist', () => '#EXTM3U\n#EXTINF:1,\n/etc/passwd\n', 415, 'UNSUPPORTED_TYPE'],
    ['an ffconcat list', () => "ffconcat version 1.0\nfile '/etc/passwd'\n", 415, 'UNSUPPORTED_TYPE'],
    ['a text', () => 'no video at all', 415, 'UNSUPPORTED_TYPE'],
    ['a video that is cut off', () => clip.subarray(0, clip.length / 2), 422, 'VIDEO_CORRUPT'],
    ['an empty file', () => '', 422, 'EMPTY_FILE'],
    ['no file', () => null, 400, 'VALIDATION'],
    ['a file beyond the limit', () => new Uint8Array(3 * 1024 * 1024 + 1), 413, 'FILE_TOO_LARGE'],
  ])('%s is refused and costs nothing', async (what, content, status, code) => {
    const { client, path: where } = await owner(`refused-${what.replaceAll(' ', '-')}`);
    const before = await api.storedFiles();
    const answer = await upload(client, where, form(content(), { name: 'Bad', type: 'video' }));
    await expectRefused(answer, [status, code], client);
    expect(await api.storedFiles()).toEqual(before);
  });

  it('empty optional fields count as not given, empty required ones do not', async () => {
    const { client, path: where } = await owner('sparing');
    expect((await upload(client, where, form(clip, { name: 'A', type: '' }))).status).toBe(201);
    const nameless = await upload(client, where, form(clip, { name: '', type: '' }));
    expect(nameless.at('errors.0')).toMatchObject({
      pointer: '/name',
      message: 'must not be empty (given "")',
    });
    const fileless = await upload(client, where, form(null, { name: 'A', content: '' }));
    expect(fileless.at('errors.0')).toMatchObject({ pointer: '/content', code: 'REQUIRED' });
  });

  it.each<[what: string, body: (clip: Uint8Array) => FormData, status: number, code: string]>([
    [
      'an unknown field',
      (content) => form(content, { name: 'A', type: 'video', userId: 'me' }),
      400,
      'VALIDATION',
    ],
    ['no name', (content) => form(content, { type: 'video' }), 400, 'VALIDATION'],
    ['another type', (content) => form(content, { name: 'A', type: 'audio' }), 400, 'VALIDATION'],
    ['a NUL in the name', (content) => form(content, { name: 'A\0B' }), 400, 'VALIDATION'],
    ['a prototype field', (content) => form(content, { name: 'A', '__proto__[x]': '1' }), 400, 'VALIDATION'],
    [
      'a field 3000 levels deep',
      (content) => form(content, { name: 'A', [`a${'[b]'.repeat(3000)}`]: '1' }),
      400,
      'BAD_MULTIPART',
    ],
    ['a value of 5 KB', (content) => form(content, { name: 'A'.repeat(5000) }), 400, 'BAD_MULTIPART'],
    [
      'a ZIP as a video',
      () => form(Buffer.from('PK\x03\x04garbage'), { name: 'A' }),
      415,
      'UNSUPPORTED_TYPE',
    ],
    ['a video as a ZIP', (content) => form(content, { name: 'A', type: 'zip' }), 415, 'UNSUPPORTED_TYPE'],
  ])('a form with %s is refused', async (what, body, status, code) => {
    const { client, path: where } = await owner(`form-${what.replaceAll(/\W/g, '-')}`);
    await expectRefused(await upload(client, where, body(clip)), [status, code], client);
    expect(Reflect.get({}, 'x')).toBeUndefined();
  });

  it('two files, a thousand fields and another content type are refused', async () => {
    const { client, path: where } = await owner('crowd');
    const two = form(clip, { name: 'A' });
    two.append('content', blobOf(clip), 'again.mp4');
    await expectRefused(await upload(client, where, two), [400, 'TOO_MANY_FILES'], client);
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`f${index}`, 'x']));
    await expectRefused(await upload(client, where, form(clip, many)), [400, 'BAD_MULTIPART'], client);
    await expectRefused(await client.post(where, { name: 'A' }), [415, 'UNSUPPORTED_TYPE'], client);
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    const broken = await client.call('POST', where, { headers, body: '--y\r\nnothing' });
    await expectRefused(broken, [400, 'BAD_MULTIPART'], client);
  });

  it('a name in UTF-8 is kept, and a hostile file name never reaches the disk', async () => {
    const { client, path: where } = await owner('polyglot');
    const answer = await upload(
      client,
      where,
      form(short, { name: 'Straße 東京 🎬' }, '../../../etc/passwd'),
    );
    expect(answer.json).toMatchObject({ message: 'Straße 東京 🎬 - video added' });
    expect((await api.storedFiles()).every((file) => /^(?:[\da-f]{2}|media)\/[\da-f-]{36}$/.test(file))).toBe(
      true,
    );
  });

  it('without enough credits nothing is stored, and the answer is no bad token', async () => {
    const { client, path: where, userId } = await owner('broke');
    await api.persistence.unitOfWork.run(({ ledger }) =>
      ledger.append({
        userId,
        kind: 'recharge',
        amount: 99_980_000n,
        delta: -99_980_000n,
        description: 'spent',
      }),
    );
    const before = await api.storedFiles();
    const answer = await upload(client, where, form(clip, { name: 'Too dear' }));
    expect([answer.status, answer.at('code')]).toEqual([401, 'INSUFFICIENT_CREDITS']);
    expect(answer.headers.get('www-authenticate')).toBeNull();
    expect(await api.storedFiles()).toEqual(before);
    expect((await client.get('/api/user/credits')).at('credits')).toBe(0.02);
  });

  it('a repeat with the same key is charged once and gets the same answer; another file or name is a mismatch', async () => {
    const { client, path: where, id } = await owner('twice');
    const headers = { 'idempotency-key': 'upload-1' };
    const first = await upload(client, where, form(short, { name: 'Once' }), headers);
    const again = await upload(client, where, form(short, { name: 'Once' }), headers);
    expect([again.status, again.json]).toEqual([201, first.json]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const other = await upload(client, where, form(clip, { name: 'Once' }), headers);
    expect([other.status, other.at('code')]).toEqual([422, 'IDEMPOTENCY_MISMATCH']);
    const renamed = await upload(client, where, form(short, { name: 'Once' }, 'y.mp4'), headers);
    expect([renamed.status, renamed.at('code')]).toEqual([422, 'IDEMPOTENCY_MISMATCH']);
    expect((await client.get(`/api/dataset/${id}`)).at('dataset.videos')).toHaveLength(1);
    expect((await client.get('/api/user/credits')).at('credits')).toBe(100 - 10 * FRAME_PRICE);
  });

  it("another user's dataset does not exist", async () => {
    const { path: where } = await owner('landlord');
    const { client } = await api.user('stranger');
    await expectRefused(
      await upload(client, where, form(clip, { name: 'Mine' })),
      [404, 'NOT_FOUND'],
      client,
    );
  });

  it('a client that hangs up in the middle leaves nothing behind', async () => {
    const { client, path: where } = await owner('hasty');
    const stored = await api.storedFiles();
    const file = path.join(folder, 'half.bin');
    await writeFile(file, clip);
    await truncate(file, clip.length / 2);
    const { port } = new URL(api.url);
    const head =
      `POST ${where} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${client.token}\r\n` +
      `Content-Type: multipart/form-data; boundary=b\r\nContent-Length: ${clip.length + 500}\r\n\r\n` +
      '--b\r\nContent-Disposition: form-data; name="content"; filename="a.mp4"\r\n\r\n';
    const socket = net.connect(Number(port), '127.0.0.1');
    await new Promise<void>((resolve) => socket.write(head, () => resolve()));
    await new Promise<void>((resolve) => socket.write(clip.subarray(0, clip.length / 2), () => resolve()));
    while ((await api.tempFolders()).length === 0) await new Promise((resolve) => setImmediate(resolve));
    socket.destroy();
    while ((await api.tempFolders()).length > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await api.storedFiles()).toEqual(stored);
    expect((await client.get('/api/user/credits')).at('credits')).toBe(100);
  });

  describe('of images without masks', () => {
    const images = async (name: string) => {
      const { client, id } = await owner(name);
      return { client, id, where: `/api/dataset/${id}/images` };
    };

    it('one is stored for the price of a frame, shown in its dataset, and classified by its id', async () => {
      const { client, id, where } = await images('photographer');
      const photo = await plainImage([20, 200, 60], { width: 40, height: 30, format: 'jpeg' });
      const quoted = await upload(client, `${where}?dryRun=true`, form(photo, { name: 'leaf' }, 'leaf.jpg'));
      expect([quoted.status, quoted.at('cost')]).toEqual([200, FRAME_PRICE]);
      const added = await upload(client, where, form(photo, { name: 'leaf' }, 'leaf.jpg'));
      expect([added.status, added.at('costDeducted')]).toEqual([201, FRAME_PRICE]);
      expect((await client.get('/api/user/credits')).at('credits')).toBe(100 - FRAME_PRICE);
      const { json } = await client.get(`/api/dataset/${id}`);
      expect(json).toMatchObject({
        dataset: { videos: [], images: [{ id: added.at('id'), name: 'leaf', width: 40, height: 30 }] },
      });
      const answer = await client.post('/api/inference/execute', {
        model_id: 'shapes',
        input: { type: 'media', media_id: added.at('id') },
      });
      expect([answer.status, answer.at('metadata.image.width')]).toEqual([200, 40]);
    });

    it('what was said of a stored one is said again when it is classified by its id', async () => {
      const { client, where } = await images('phone');
      const green = await plainImage([20, 200, 60], { format: 'jpeg' });
      const added = await upload(client, where, form(green.subarray(0, -2), { name: 'leaf' }, 'leaf.jpg'));
      expect(added.at('warnings')).toEqual(['leaf: The end marker of the JPEG is missing.']);
      const answer = await client.post('/api/inference/execute', {
        model_id: 'shapes',
        input: { type: 'media', media_id: added.at('id') },
      });
      expect(answer.at('warnings')).toEqual(['The end marker of the JPEG is missing.']);
    });

    it('a ZIP that is sent as one image is refused with the type to send', async () => {
      const { client, where } = await images('impatient');
      const zip = await zipOf(folder, { 'a.png': await plainImage([20, 200, 60]) });
      const answer = await upload(client, where, form(zip, { name: 'set', type: 'image' }, 'set.zip'));
      await expectRefused(answer, [415, 'UNSUPPORTED_TYPE'], client);
      expect(answer.at('detail')).toMatch(/is a ZIP archive; send it with type=zip/);
    });

    it('those of a ZIP keep their names, and what is no image is named', async () => {
      const { client, id, where } = await images('collector');
      const zip = await zipOf(folder, {
        'trees/oak.png': await plainImage([20, 200, 60]),
        'notes.txt': Buffer.from('nothing to see'),
        'sea.jpg': await plainImage([20, 60, 200], { format: 'jpeg' }),
      });
      const added = await upload(client, where, form(zip, { name: 'set', type: 'zip' }, 'set.zip'));
      expect([added.status, added.at('costDeducted')]).toEqual([201, 2 * FRAME_PRICE]);
      const files = added.at('files') as { entry: string; outcome: string }[];
      expect(files.map(({ entry, outcome }) => [entry, outcome])).toEqual([
        ['trees/oak.png', 'stored'],
        ['notes.txt', 'ignored'],
        ['sea.jpg', 'stored'],
      ]);
      const names = (await client.get(`/api/dataset/${id}`)).at('dataset.images') as { name: string }[];
      expect(names.map(({ name }) => name)).toEqual(['trees/oak.png', 'sea.jpg']);
    });

    it.each<[string, () => Promise<Buffer | string>, Record<string, string>, [number, string]]>([
      ['a text', async () => 'hello', { name: 'x' }, [415, 'UNSUPPORTED_TYPE']],
      ['a video', async () => clip, { name: 'x' }, [415, 'UNSUPPORTED_TYPE']],
      [
        'a ZIP without images',
        () => zipOf(folder, { 'a.txt': Buffer.from('a') }),
        { name: 'x', type: 'zip' },
        [422, 'NO_VALID_IMAGES'],
      ],
    ])('%s is refused and costs nothing', async (name, content, fields, expected) => {
      const { client, where } = await images(`no-${name.replaceAll(' ', '-')}`);
      await expectRefused(await upload(client, where, form(await content(), fields)), expected, client);
    });
  });
});
