import { once } from 'node:events';
import net from 'node:net';
import { brotliCompressSync, constants, createDeflateRaw, deflateSync, gzipSync } from 'node:zlib';
import { startTestApi, type TestApi } from '../../support/api.js';
import type { ApiClient } from '../../support/api-client.js';

const IDLE_SECONDS = 0.2;
const MEMORY_BYTES = 2 ** 20;
const MEGABYTE = 1e6;

const brotli = (text: Buffer) =>
  brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
const CODINGS = { br: brotli, gzip: gzipSync, deflate: deflateSync };

/** Sends the beginning of a request and waits for the answer to it. */
async function beginning(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  socket.on('error', () => undefined);
  let answer = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (answer += piece));
  socket.write(text);
  // `once` would reject for a connection that broke.
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

describe('bodies of hostile senders', () => {
  let api: TestApi;
  let user: ApiClient;

  beforeAll(async () => {
    api = await startTestApi({
      settings: {
        BODY_IDLE_SECONDS: String(IDLE_SECONDS),
        BODY_MIN_BYTES_PER_SECOND: '1024',
        BODY_MEMORY_MB: String(MEMORY_BYTES / 2 ** 20),
      },
    });
    user = (await api.user('sender')).client;
  });
  afterAll(() => api.close());

  const send = (path: string, body: Uint8Array, headers: Record<string, string> = {}) =>
    user.call('POST', path, {
      headers: { 'content-type': 'application/json', ...headers },
      body: new Uint8Array(body),
    });

  const bombs: [string, string, () => Buffer, string][] = [
    ['objects', '/v2/models/shapes/infer', () => Buffer.from(`[${'{},'.repeat(4e6)}`), 'VALIDATION'],
    ['entries', '/api/inference/batch', () => Buffer.from(`{"inputs":[${'0,'.repeat(4e6)}`), 'VALIDATION'],
    ['brackets', '/api/dataset', () => Buffer.alloc(5 * MEGABYTE, '['), 'VALIDATION'],
    ['tags', '/api/dataset', () => Buffer.from(`{"name":"A","tags":[${'"",'.repeat(2e6)}`), 'VALIDATION'],
    ['spaces', '/api/dataset', () => Buffer.alloc(30 * MEGABYTE, ' '), 'BODY_TOO_LARGE'],
    [
      'a long text',
      '/api/inference/batch',
      () => Buffer.from(`{"inputs":["${'x'.repeat(8e6)}`),
      'BODY_TOO_LARGE',
    ],
    [
      'a long text',
      '/v2/models/shapes/infer',
      () => Buffer.from(`{"id":"${'x'.repeat(8e6)}`),
      'BODY_TOO_LARGE',
    ],
    ['names', '/v2/repository/index', () => Buffer.from(`{${'"a":0,'.repeat(2e5)}`), 'VALIDATION'],
  ];
  it.each(bombs)('%s that were compressed to %s are refused', async (_what, path, text, code) => {
    const plain = text();
    for (const [encoding, compress] of Object.entries(CODINGS)) {
      const answer = await send(path, compress(plain), { 'content-encoding': encoding });
      expect([answer.status, answer.at('code')]).toEqual([code === 'VALIDATION' ? 400 : 413, code]);
    }
  });

  it('a list is refused by its length before its entries are looked at', async () => {
    const answer = await user.post('/api/dataset', {
      name: 'A',
      tags: Array.from({ length: 1001 }, () => 7),
    });
    expect(answer.at('errors')).toEqual([
      {
        pointer: '/tags',
        code: 'TOO_COMPLEX',
        message: 'the body contains a list of more than 1000 entries',
      },
    ]);
  });

  it('an answer repeats no more than a little of a long name', async () => {
    const name = 'x'.repeat(500_000);
    const answer = await user.post('/api/dataset', { name: 'A', [name]: 1 });
    expect(answer.status).toBe(400);
    expect(answer.text.length).toBeLessThan(5000);
  });

  it('bodies beyond the memory for all of them are asked to come later, and leave nothing behind', async () => {
    const data = 'A'.repeat(MEMORY_BYTES);
    const body = { model_id: 'm', input: { type: 'image', data } };
    const large = await user.post('/api/inference/execute', body);
    expect([large.status, large.at('code')]).toEqual([503, 'OUT_OF_MEMORY']);
    expect(Number(large.headers.get('retry-after'))).toBeGreaterThan(0);
    const half = { ...body, input: { type: 'image', data: data.slice(MEMORY_BYTES / 2) } };
    // Were the memory of one of them kept, the third would be refused.
    for (let count = 0; count < 3; count += 1) {
      expect((await user.post('/api/inference/execute', half)).at('code')).toBe('NETWORK_NOT_FOUND');
    }
  });

  /** What is said to the head of a request whose body waits for it. */
  const expecting = (path: string, length: number, ...more: string[]) =>
    beginning(
      api.url,
      [
        `POST ${path} HTTP/1.1`,
        'Host: a',
        `Content-Length: ${String(length)}`,
        'Expect: 100-continue',
        ...more,
        '',
        '',
      ].join('\r\n'),
    );

  it('a body that waits is asked for only by what will read it', async () => {
    const token = `Authorization: Bearer ${user.token}`;
    const json = 'Content-Type: application/json';
    expect(await expecting('/api/dataset', 10, json)).toMatch(/^HTTP\/1\.1 401 /);
    expect(await expecting('/api/dataset', 2e6, token, json)).toMatch(/^HTTP\/1\.1 413 /);
    expect(await expecting('/api/nothing', 10, token, json)).toMatch(/^HTTP\/1\.1 404 /);
    const form = 'Content-Type: multipart/form-data; boundary=b';
    const upload = '/api/dataset/01a1feb2-2335-7374-82ee-d11bb82cdfd7/videos';
    expect(await expecting(upload, 3e9, token, form)).toMatch(/^HTTP\/1\.1 413 /);
    // Nothing follows, so the body's time-out ends it.
    expect(await expecting('/api/dataset', 10, token, json)).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 408 /,
    );
  });

  const head = (path: string, type: string, ...more: string[]) =>
    [
      `POST ${path} HTTP/1.1`,
      'Host: a',
      `Content-Type: ${type}`,
      'Content-Length: 5000',
      ...more,
      '',
      '',
    ].join('\r\n');
  const bearer = () => `Authorization: Bearer ${String(user.token)}`;
  const part = '--b\r\nContent-Disposition: form-data; name="content"; filename="a"\r\n\r\nxxxx';

  it.each<[string, () => string]>([
    ['a sign-in', () => `${head('/api/auth/login', 'application/json')}{"email":`],
    ['a sign-in without a byte', () => head('/api/auth/login', 'application/json')],
    ['a JSON body', () => `${head('/api/dataset', 'application/json', bearer())}{"name":`],
    [
      'a compressed body',
      () => `${head('/api/dataset', 'application/json', 'Content-Encoding: gzip', bearer())}\x1f`,
    ],
    ['tensors', () => `${head('/v2/models/m/infer', 'application/json', bearer())}{"inputs":`],
    [
      'a form of images',
      () => `${head('/api/inference/batch', 'multipart/form-data; boundary=b', bearer())}${part}`,
    ],
    [
      'an upload',
      () =>
        `${head(`/api/dataset/${crypto.randomUUID()}/videos`, 'multipart/form-data; boundary=b', bearer())}${part}`,
    ],
  ])('%s that stands still is answered 408 and given up', async (_what, text) => {
    const answer = await beginning(api.url, text());
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('BODY_TIMEOUT');
    expect(answer.toLowerCase()).toContain('connection: close');
    expect(await api.tempFolders()).toEqual([]);
  });

  it.each<[string, () => string]>([
    ['/api/auth/login', () => 'Content-Type: application/json'],
    ['/api/dataset', () => `Content-Type: application/json\r\n${bearer()}`],
    ['/v2/models/m/infer', () => `Content-Type: application/json\r\n${bearer()}`],
    ['/api/inference/batch', () => `Content-Type: multipart/form-data; boundary=b\r\n${bearer()}`],
    [
      `/api/dataset/${crypto.randomUUID()}/videos`,
      () => `Content-Type: multipart/form-data; boundary=b\r\n${bearer()}`,
    ],
  ])('chunks of one byte to %s are refused', async (path, headers) => {
    const start = `POST ${path} HTTP/1.1\r\nHost: a\r\n${headers()}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const answer = await beginning(api.url, `${start}${'1\r\n \r\n'.repeat(10_001)}`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*CHUNKS_TOO_SMALL/);
    expect(answer.toLowerCase()).toContain('connection: close');
    expect(await api.tempFolders()).toEqual([]);
  });

  it('blocks that decompress to nothing are refused beyond the limit of the body', async () => {
    const deflater = createDeflateRaw();
    deflater.resume().flush(constants.Z_SYNC_FLUSH);
    const empty = await new Promise<Buffer>((resolve) => deflater.once('data', resolve));
    expect(empty.length).toBe(5);
    const answer = await send(
      '/api/dataset',
      Buffer.concat([Buffer.from([0x78, 0x9c]), ...Array.from({ length: 500_000 }, () => empty)]),
      {
        'content-encoding': 'deflate',
      },
    );
    expect([answer.status, answer.at('code')]).toEqual([413, 'BODY_TOO_LARGE']);
  });

  it('a body that drips is answered 408', async () => {
    const { hostname, port } = new URL(api.url);
    const socket = net.connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(`${head('/api/auth/login', 'application/json')}{`);
    const drip = setInterval(() => socket.write(' '), 20);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    clearInterval(drip);
    socket.destroy();
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 408 [^]*less than 1024 bytes per second/);
  });

  it.each(['index', 'models/m/load'])(
    'JSON that a length of 0 hides from /v2/repository/%s is refused',
    async (path) => {
      const admin = (await api.user(`admin-${path.length}`, 'admin')).client;
      const answer = await admin.call('POST', `/v2/repository/${path}`, {
        headers: { 'inference-header-content-length': '0' },
        body: '{"ready":true}',
      });
      expect([answer.status, answer.at('code')]).toEqual([400, 'MALFORMED_BODY']);
    },
  );

  it.each([
    ['options', '{"__proto__":{"top_k":3}}', '/options/__proto__'],
    ['options', '{"constructor":{}}', '/options/constructor'],
    ['options', '[1]', '/options'],
    ['__proto__', '1', '/__proto__'],
    [
      'all_classes',
      '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]',
      '/all_classes',
    ],
  ])('the form field %s with %s is refused', async (name, value, pointer) => {
    const form = new FormData();
    form.set('model_id', 'm');
    form.set(name, value);
    form.set('file', new Blob(['image']), 'a.png');
    const answer = await user.call('POST', '/api/inference/execute', { body: form });
    expect(answer.status).toBe(400);
    expect(answer.at('errors.0.pointer')).toBe(pointer);
  });
});
