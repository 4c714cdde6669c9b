import { gzipSync } from 'node:zlib';
import { startTestApi, type TestApi } from '../../support/api.js';
import type { ApiClient } from '../../support/api-client.js';

const BOUNDARY = 'xx';
/** Bytes that no UTF-8 text holds, between the halves of a name. */
const NOT_UTF8 = Buffer.concat([Buffer.from('caf'), Buffer.from([0xe9, 0xff]), Buffer.from('s')]);

/** A form written by hand, so that its bytes can be any. */
function formOf(fields: readonly (readonly [name: string, value: Buffer | string])[]): Buffer {
  const parts = fields.flatMap(([name, value]) => [
    Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n`),
    Buffer.from(value),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...parts, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

let api: TestApi;
let client: ApiClient;
let videos: string;

beforeAll(async () => {
  api = await startTestApi();
  client = (await api.user('encoder')).client;
  const id = String((await client.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
  videos = `/api/dataset/${id}/videos`;
});
afterAll(() => api.close());
afterEach(async () => expect(await api.tempFolders()).toEqual([]));

const send = (path: string, body: Uint8Array, headers: Record<string, string>) =>
  client.call('POST', path, { headers, body: new Uint8Array(body) });

const sendForm = (path: string, body: Uint8Array, headers: Record<string, string> = {}) =>
  send(path, body, { 'content-type': `multipart/form-data; boundary=${BOUNDARY}`, ...headers });

describe('odd encodings', () => {
  it('JSON with bytes that are not UTF-8 is refused, not stored with other characters', async () => {
    const body = Buffer.concat([Buffer.from('{"name":"'), NOT_UTF8, Buffer.from('"}')]);
    const answer = await send('/api/dataset', body, { 'content-type': 'application/json' });
    expect(answer.json).toMatchObject({ status: 400, code: 'MALFORMED_JSON' });
    expect(String(answer.at('detail'))).toContain('UTF-8');
  });

  it('JSON with a byte order mark is read', async () => {
    const body = Buffer.from('\ufeff{"name":"Marked"}');
    const answer = await send('/api/dataset', body, { 'content-type': 'application/json' });
    expect(answer.at('dataset.name')).toBe('Marked');
  });
});

describe.each([
  ['uploads', () => videos, 'name'],
  ['pictures', () => '/api/inference/execute', 'model_id'],
])('forms of %s', (_what, path, field) => {
  it('a text field with bytes that are not UTF-8 is named', async () => {
    const answer = await sendForm(path(), formOf([[field, NOT_UTF8]]));
    expect(answer.json).toMatchObject({
      status: 400,
      code: 'VALIDATION',
      errors: [{ pointer: `/${field}`, message: 'contains bytes that are not UTF-8', code: 'MALFORMED' }],
    });
  });

  it('a compressed form is refused as such', async () => {
    const body = gzipSync(formOf([[field, 'x']]));
    const answer = await sendForm(path(), body, { 'content-encoding': 'gzip' });
    expect(answer.json).toMatchObject({ status: 415, code: 'UNSUPPORTED_TYPE' });
    expect(String(answer.at('detail'))).toContain('Content-Encoding');
  });

  it('a text field that is too long is named with its limit', async () => {
    const answer = await sendForm(path(), formOf([[field, 'x'.repeat(4097)]]));
    expect(answer.json).toMatchObject({
      status: 400,
      code: 'BAD_MULTIPART',
      errors: [{ pointer: `/${field}`, message: expect.stringContaining('4096 bytes') }],
    });
  });

  it('too many text fields are told with their limit', async () => {
    const many = Array.from({ length: 40 }, (_, n) => [`f${n}`, 'x'] as const);
    const answer = await sendForm(path(), formOf(many));
    expect(answer.json).toMatchObject({ status: 400, code: 'BAD_MULTIPART' });
    expect(String(answer.at('detail'))).toMatch(/more than (8|24) text fields/);
  });
});
