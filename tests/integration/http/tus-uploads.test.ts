import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { Upload } from 'tus-js-client';
import { makeTestVideo } from '../../factories/videos/make-test-video.js';
import { paddedVideo } from '../../factories/videos/padded-video.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { ApiClient } from '../../support/api-client.js';

const FRAMES = 50;
const FRAME_PRICE = 0.001;
const BYTES = 4 * 2 ** 20;
const TUS = '/api/uploads/tus';
const VERSION = { 'tus-resumable': '1.0.0' };
const BYTES_TYPE = { 'content-type': 'application/offset+octet-stream' };

const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64');
const metadataOf = (values: Record<string, string>): string =>
  Object.entries(values)
    .map(([key, value]) => `${key} ${base64(value)}`)
    .join(',');

/** The client in Python is tested where its package is present. */
const PYTHON = process.env.INFERNODE_PYTHON ?? 'python3';
const python = spawnSync(PYTHON, ['-c', 'import tusclient'], { stdio: 'ignore' }).status === 0 ? it : it.skip;
const PYTHON_CLIENT = `
import sys
from tusclient import client
url, token, file = sys.argv[1:]
tus = client.TusClient(url, headers={'Authorization': 'Bearer ' + token})
first = tus.uploader(file, metadata={'dataset': 'Clips', 'filename': 'python.mp4'}, chunk_size=1000000)
first.upload_chunk()
second = tus.uploader(file, url=first.url, chunk_size=1000000)
assert second.offset == 1000000
second.upload()
`;

interface Owner {
  readonly client: ApiClient;
  readonly token: string;
  readonly datasetId: string;
}

describe('resumable uploads by tus', () => {
  let api: TestApi;
  /** Another process of the same installation. */
  let second: TestApi;
  let folder: string;
  let video: Buffer;
  let sha256: string;

  beforeAll(async () => {
    const settings = { UPLOAD_MAX_MB: '16' };
    api = await startTestApi({ settings });
    second = await startTestApi({
      settings,
      database: api.persistence.database,
      storage: api.storage,
    });
    folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-tus-'));
    const out = path.join(folder, 'clip.mp4');
    await makeTestVideo({ out, frames: FRAMES });
    video = paddedVideo(await readFile(out), BYTES, 3);
    sha256 = createHash('sha256').update(video).digest('hex');
  });
  afterAll(async () => {
    await second.close();
    await api.close();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async () => expect(await api.tempFolders()).toEqual([]));

  async function owner(name: string): Promise<Owner> {
    const { client, token } = await api.user(name);
    const datasetId = String((await client.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
    return { client, token, datasetId };
  }

  const credits = async ({ client }: Owner) => (await client.get('/api/user/credits')).at('credits');
  const videosOf = async ({ client, datasetId }: Owner) =>
    (await client.get(`/api/dataset/${datasetId}`)).at('dataset.videos');
  async function kept(): Promise<string[]> {
    const ids: string[] = [];
    for await (const { id } of api.storage.resumable().list()) ids.push(id);
    return ids;
  }

  const create = ({ client, datasetId }: Owner, headers: Record<string, string> = {}, body?: Uint8Array) =>
    client.call('POST', TUS, {
      headers: {
        ...VERSION,
        'upload-length': String(BYTES),
        'upload-metadata': metadataOf({
          dataset: datasetId,
          filename: 'Rush hour.mp4',
          filetype: 'video/mp4',
        }),
        ...headers,
      },
      ...(body && { body: new Uint8Array(body) }),
    });

  const append = (
    { client }: Pick<Owner, 'client'>,
    location: string,
    { offset, body, headers = {} }: { offset: number; body: Uint8Array; headers?: Record<string, string> },
  ) =>
    client.call('PATCH', location, {
      headers: { ...VERSION, ...BYTES_TYPE, 'upload-offset': String(offset), ...headers },
      body: new Uint8Array(body),
    });

  const head = ({ client }: Pick<Owner, 'client'>, location: string) =>
    client.call('HEAD', location, { headers: VERSION });

  it('a client of tus uploads in chunks; the video is checked, stored and charged once', async () => {
    const user = await owner('client');
    let url = '';
    await new Promise<void>((resolve, reject) => {
      const upload = new Upload(video, {
        endpoint: `${api.url}${TUS}`,
        chunkSize: 2 ** 20,
        headers: { Authorization: `Bearer ${user.token}` },
        metadata: {
          datasetName: 'Clips',
          filename: 'Morning.mp4',
          filetype: 'video/mp4',
          relativePath: 'null',
        },
        onSuccess: () => {
          url = upload.url ?? '';
          resolve();
        },
        onError: reject,
      });
      upload.start();
    });
    expect(await videosOf(user)).toMatchObject([{ name: 'Morning.mp4', frame_count: FRAMES, sha256 }]);
    expect(await credits(user)).toBe(100 - FRAMES * FRAME_PRICE);
    expect(await kept()).toEqual([]);
    const location = new URL(url).pathname;
    const state = await head(user, location);
    expect([state.status, state.headers.get('upload-offset')]).toEqual([200, String(BYTES)]);
    expect((await user.client.get(location)).at('upload.result.videos.0.sha256')).toBe(sha256);
    expect((await user.client.call('DELETE', location, { headers: VERSION })).at('code')).toBe(
      'UPLOAD_COMPLETED',
    );
  });

  python('the client in Python uploads, and continues an upload', async () => {
    const user = await owner('python');
    const file = path.join(folder, 'python.mp4');
    await writeFile(file, video);
    await promisify(execFile)(PYTHON, ['-c', PYTHON_CLIENT, `${api.url}${TUS}`, user.token, file]);
    expect(await videosOf(user)).toMatchObject([{ name: 'python.mp4', frame_count: FRAMES, sha256 }]);
    expect(await credits(user)).toBe(100 - FRAMES * FRAME_PRICE);
  });

  it('a connection cut in the middle of a request goes on at another process', async () => {
    const user = await owner('cut');
    const created = await create(user);
    expect([created.status, created.headers.get('tus-resumable')]).toEqual([201, '1.0.0']);
    expect(Date.parse(created.headers.get('upload-expires') ?? '')).toBeGreaterThan(Date.now());
    const location = created.headers.get('location') ?? '';
    await sendAndCut(`${api.url}${location}`, user.token, video.subarray(0, 1_500_000));
    const elsewhere = { client: new ApiClient(second.url, user.token) };
    const state = await head(elsewhere, location);
    const offset = Number(state.headers.get('upload-offset'));
    expect(offset).toBeGreaterThan(0);
    expect(offset).toBeLessThanOrEqual(1_500_000);
    const done = await append(elsewhere, location, { offset, body: video.subarray(offset) });
    expect([done.status, done.headers.get('upload-offset')]).toEqual([204, String(BYTES)]);
    const [stored] = (await videosOf(user)) as { id: string; sha256: string }[];
    expect([stored.sha256, done.headers.get('media-id')]).toEqual([sha256, stored.id]);
    expect(await credits(user)).toBe(100 - FRAMES * FRAME_PRICE);
  });

  /** Announces everything that is left, sends some bytes and cuts the connection when they have arrived. */
  async function sendAndCut(url: string, token: string, part: Uint8Array): Promise<void> {
    const request = http.request(url, {
      method: 'PATCH',
      headers: {
        ...VERSION,
        ...BYTES_TYPE,
        authorization: `Bearer ${token}`,
        'upload-offset': '0',
        'content-length': String(BYTES),
      },
    });
    request.on('error', () => undefined);
    await new Promise<void>((resolve) => request.write(part, () => resolve()));
    await waitForBytes();
    request.destroy();
  }

  async function waitForBytes(): Promise<void> {
    const [id] = await kept();
    while (api.storage.receivedBytes(id) === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  it('HEAD completes an upload whose bytes have all arrived', async () => {
    const user = await owner('lost');
    const created = await create(user);
    const location = created.headers.get('location') ?? '';
    // As after a process was killed between the last byte and the completion.
    await api.storage.resumable().append(path.basename(location), 0, Readable.from([video]));
    const states = await Promise.all([head(user, location), head(user, location)]);
    expect(states.map(({ status }) => status)).toEqual([200, 200]);
    expect(await videosOf(user)).toMatchObject([{ sha256 }]);
    expect(await credits(user)).toBe(100 - FRAMES * FRAME_PRICE);
  });

  it('takes the first bytes with the creation, and refuses wrong offsets and sizes', async () => {
    const user = await owner('offsets');
    const created = await create(user, BYTES_TYPE, video.subarray(0, 1000));
    expect([created.status, created.headers.get('upload-offset')]).toEqual([201, '1000']);
    const location = created.headers.get('location') ?? '';
    const wrong = await append(user, location, { offset: 500, body: video.subarray(500, 700) });
    expect([wrong.status, wrong.at('code')]).toEqual([409, 'UPLOAD_OFFSET_MISMATCH']);
    const long = await append(user, location, { offset: 1000, body: Buffer.alloc(BYTES) });
    expect([long.status, long.at('code')]).toEqual([413, 'FILE_TOO_LARGE']);
    const state = await head(user, location);
    expect(state.headers.get('upload-offset')).toBe('1000');
    expect(state.headers.get('upload-metadata')).toContain(`filename ${base64('Rush hour.mp4')}`);
    const ended = await user.client.call('DELETE', location, { headers: VERSION });
    expect([ended.status, ended.headers.get('tus-resumable')]).toEqual([204, '1.0.0']);
    expect((await head(user, location)).status).toBe(410);
    expect(await credits(user)).toBe(100);
    expect(await kept()).toEqual([]);
  });

  it('ends a creation whose body is refused, since its client knows no address of it', async () => {
    const user = await owner('unanswered');
    const short = video.subarray(0, 1000);
    const answers = [
      await create(user, { ...BYTES_TYPE, 'upload-length': '999' }, short),
      await create(user, { ...BYTES_TYPE, 'upload-checksum': 'sha1 AAAA' }, short),
    ];
    expect(answers.map((answer) => [answer.status, answer.at('code')])).toEqual([
      [413, 'FILE_TOO_LARGE'],
      [460, 'UPLOAD_CHECKSUM_MISMATCH'],
    ]);
    expect((await user.client.get('/api/uploads?state=open')).at('data')).toEqual([]);
    expect(await kept()).toEqual([]);
    expect(await credits(user)).toBe(100);
  });

  it('refuses a body without a length that is longer than the rest', async () => {
    const user = await owner('endless');
    const location = (await create(user)).headers.get('location') ?? '';
    const request = http.request(`${api.url}${location}`, {
      method: 'PATCH',
      headers: { ...VERSION, ...BYTES_TYPE, authorization: `Bearer ${user.token}`, 'upload-offset': '0' },
    });
    const answered = once(request, 'response') as Promise<[http.IncomingMessage]>;
    request.write(video);
    request.end('more');
    const [response] = await answered;
    expect([response.statusCode, JSON.parse(await text(response))]).toMatchObject([
      413,
      { code: 'FILE_TOO_LARGE' },
    ]);
    await user.client.call('DELETE', location, { headers: VERSION });
  });

  it('keeps nothing of a body with a wrong checksum', async () => {
    const user = await owner('checksum');
    const location = (await create(user)).headers.get('location') ?? '';
    const body = video.subarray(0, 5000);
    const sha1 = createHash('sha1').update(body).digest('base64');
    const damaged = await append(user, location, {
      offset: 0,
      body: Buffer.alloc(5000),
      headers: { 'upload-checksum': `sha1 ${sha1}` },
    });
    expect([damaged.status, damaged.at('code')]).toEqual([460, 'UPLOAD_CHECKSUM_MISMATCH']);
    expect((await head(user, location)).headers.get('upload-offset')).toBe('0');
    const unknown = await append(user, location, {
      offset: 0,
      body,
      headers: { 'upload-checksum': `crc9 ${sha1}` },
    });
    expect([unknown.status, unknown.at('code')]).toEqual([400, 'UPLOAD_EXTENSION_UNSUPPORTED']);
    const right = await append(user, location, {
      offset: 0,
      body,
      headers: { 'upload-checksum': `sha1 ${sha1}` },
    });
    expect([right.status, right.headers.get('upload-offset')]).toEqual([204, '5000']);
    await user.client.call('DELETE', location, { headers: VERSION });
  });

  it('answers what it supports, and names what is wrong with a creation', async () => {
    const user = await owner('wrong');
    const options = await fetch(`${api.url}${TUS}`, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('tus-version')]).toEqual([204, '1.0.0']);
    expect(options.headers.get('tus-extension')).toBe(
      'creation,creation-with-upload,expiration,termination,checksum',
    );
    const metadata = (values: Record<string, string>) => ({ 'upload-metadata': metadataOf(values) });
    const cases: [Record<string, string>, number, string][] = [
      [{ 'tus-resumable': '0.2.2' }, 412, 'TUS_VERSION_UNSUPPORTED'],
      [{ 'upload-length': '0' }, 422, 'EMPTY_FILE'],
      [{ 'upload-length': '-5' }, 400, 'TUS_REQUEST_INVALID'],
      [{ 'upload-length': String(51 * 2 ** 30) }, 413, 'FILE_TOO_LARGE'],
      [{ 'upload-concat': 'partial' }, 400, 'UPLOAD_EXTENSION_UNSUPPORTED'],
      [{ 'upload-metadata': 'filename !!!' }, 400, 'TUS_REQUEST_INVALID'],
      [metadata({ dataset: user.datasetId }), 400, 'VALIDATION'],
      [metadata({ filename: 'x.mp4' }), 400, 'VALIDATION'],
      [metadata({ dataset: 'Unknown', filename: 'x.mp4' }), 404, 'NOT_FOUND'],
      [metadata({ dataset: user.datasetId, filename: 'x.mp4', frames: 'many' }), 400, 'VALIDATION'],
      [
        metadata({ dataset: user.datasetId, filename: 'x.mp4', frames: '100001' }),
        401,
        'INSUFFICIENT_CREDITS',
      ],
    ];
    for (const [headers, status, code] of cases) {
      const answer = await create(user, headers);
      expect([headers, answer.status, answer.at('code')]).toEqual([headers, status, code]);
    }
    expect(await kept()).toEqual([]);
    expect(await credits(user)).toBe(100);
  });

  it('a refused file leaves nothing; uploads of others are not found', async () => {
    const user = await owner('refused');
    const other = await owner('other');
    const words = Buffer.from('not a video');
    const created = await create(user, { 'upload-length': String(words.length) });
    const location = created.headers.get('location') ?? '';
    for (const answer of [
      await append(other, location, { offset: 0, body: words }),
      await other.client.get(location),
      await other.client.call('DELETE', location, { headers: VERSION }),
    ])
      expect([answer.status, answer.at('code')]).toEqual([404, 'NOT_FOUND']);
    expect((await head(other, location)).status).toBe(404);
    const refused = await append(user, location, { offset: 0, body: words });
    expect([refused.status, refused.at('code')]).toEqual([415, 'UNSUPPORTED_TYPE']);
    expect((await head(user, location)).status).toBe(415);
    expect((await user.client.get(location)).at('upload.problem.code')).toBe('UNSUPPORTED_TYPE');
    expect(await kept()).toEqual([]);
    expect(await credits(user)).toBe(100);
  });
});
