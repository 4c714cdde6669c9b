import { startTestApi, type TestApi } from '../../support/api.js';
import type { ApiClient, ApiResponse } from '../../support/api-client.js';
import { plainImage } from '../../factories/images/plain-image.js';
import { colourManifest, colourNetwork } from '../../factories/onnx/colour-network.js';
import { makeModelFolder, type ModelFolder } from '../../factories/onnx/model-folder.js';

const PRICE = 0.002;
const TEN_MB = 10 * 2 ** 20;

interface Entry {
  readonly index: number;
  readonly format: string;
  readonly predictions: readonly { readonly label: string }[];
  readonly error: { readonly code: string; readonly message: string; readonly pointer: string } | null;
}

describe('a batch with an entry that is no image', () => {
  let api: TestApi;
  let models: ModelFolder;
  let client: ApiClient;
  let bytes: Buffer;
  let green: { type: string; data: string };

  beforeAll(async () => {
    models = await makeModelFolder();
    await models.add('colours', { model: colourNetwork({ gain: 4 }) }, colourManifest());
    api = await startTestApi({ modelsDirectory: models.path });
    client = (await api.user('classifier')).client;
    bytes = await plainImage([20, 200, 60]);
    green = { type: 'image', data: bytes.toString('base64') };
  });
  afterAll(async () => {
    await api.close();
    await models.remove();
  });

  const batch = (lists: object, headers: Record<string, string> = {}) =>
    client.post('/api/inference/batch', { model_id: 'colours', ...lists }, headers);
  const form = (...files: [field: string, content: Uint8Array][]): Promise<ApiResponse> => {
    const body = new FormData();
    body.append('model_id', 'colours');
    for (const [field, content] of files) body.append(field, new Blob([new Uint8Array(content)]), 'x.png');
    return client.call('POST', '/api/inference/batch', { body });
  };
  const entries = (answer: ApiResponse) => answer.at('results') as Entry[];

  it.each<[string, unknown, string, string, string]>([
    ['an empty text', { type: 'image', data: '' }, 'VALIDATION', '/inputs/1/data', 'image'],
    ['no data', { type: 'image' }, 'VALIDATION', '/inputs/1/data', 'image'],
    ['null', null, 'VALIDATION', '/inputs/1', 'unknown'],
    ['a text', 'AAAA', 'VALIDATION', '/inputs/1', 'unknown'],
    ['an unknown type', { type: 'film', data: 'AAAA' }, 'VALIDATION', '/inputs/1/type', 'film'],
    ['an unknown field', { type: 'image', data: 'AAAA', url: 'x' }, 'VALIDATION', '/inputs/1/url', 'image'],
    ['an id that is no UUID', { type: 'media', media_id: 'x' }, 'VALIDATION', '/inputs/1/media_id', 'media'],
    ['a NUL character', { type: 'image', data: 'AA\0A' }, 'VALIDATION', '/inputs/1/data', 'image'],
    ['no base64', { type: 'image', data: '%%' }, 'BASE64_INVALID', '/inputs/1/data', 'image'],
    ['no image', { type: 'image', data: 'AAAA' }, 'PICTURE_TYPE', '/inputs/1/data', 'image'],
  ])('answers the others: %s', async (...row) => {
    const [, bad, code, pointer, format] = row;
    const answer = await batch({ inputs: [green, bad, green] });
    expect([answer.status, answer.at('success')]).toEqual([200, false]);
    expect(answer.json).toMatchObject({
      metadata: { successful_count: 2, failed_count: 1 },
      cost: 2 * PRICE,
    });
    expect(entries(answer).map(({ predictions }) => predictions[0]?.label)).toEqual([
      'green',
      undefined,
      'green',
    ]);
    expect(entries(answer)[1]).toMatchObject({ index: 1, error: { code, pointer } });
    if (code === 'VALIDATION') expect(entries(answer)[1].format).toBe(format);
    if (code === 'VALIDATION') expect(entries(answer)[1].error?.message).toContain(pointer);
  });

  it('of the second edition fails alone too', async () => {
    const good = { format: 'base64', content: green.data };
    const answer = await batch({
      input_data_list: [{ format: 'media_id', content: 'no id' }, good, { format: 'gif', content: 'x' }],
    });
    expect(answer.status).toBe(200);
    expect(entries(answer).map(({ error }) => error?.pointer)).toEqual([
      '/input_data_list/0/content',
      undefined,
      '/input_data_list/2/format',
    ]);
  });

  it('of a form fails alone: too large, and empty', async () => {
    const answer = await form(
      ['first', bytes],
      ['large', Buffer.alloc(TEN_MB + 2 ** 20)],
      ['empty', new Uint8Array(0)],
      ['last', bytes],
    );
    expect(answer.status).toBe(200);
    expect(entries(answer).map(({ error }) => error && [error.code, error.pointer])).toEqual([
      null,
      ['PICTURE_TOO_LARGE', '/large'],
      ['PICTURE_EMPTY', '/empty'],
      null,
    ]);
    expect(entries(answer)[1].error?.message).toContain(`${String(TEN_MB + 2 ** 20)} bytes; at most`);
    expect(answer.at('cost')).toBe(2 * PRICE);
  });

  it('costs nothing when there is no other', async () => {
    const answer = await batch({ inputs: [null] });
    expect([answer.status, answer.at('cost')]).toEqual([200, 0]);
  });

  it('makes another request under the same key', async () => {
    const key = { 'Idempotency-Key': 'a bad entry'.replaceAll(' ', '-') };
    const first = await batch({ inputs: [green, { type: 'film', data: 'a' }] }, key);
    expect(first.status).toBe(200);
    expect((await batch({ inputs: [green, { type: 'film', data: 'a' }] }, key)).json).toEqual(first.json);
    const other = await batch({ inputs: [green, { type: 'film', data: 'b' }] }, key);
    expect(other.at('code')).toBe('IDEMPOTENCY_MISMATCH');
  });

  it.each<[string, object, string]>([
    ['no inputs', { inputs: [] }, '/inputs'],
    ['more than ten', { inputs: Array.from({ length: 11 }, () => null) }, '/inputs'],
    ['inputs that are no list', { inputs: 'AAAA' }, '/inputs'],
    ['bad options', { inputs: [null], options: { top_k: 0 } }, '/options/top_k'],
    ['two lists', { inputs: [null], input_data_list: [null] }, '/inputs'],
  ])('does not change that the whole fails with %s', async (_what, body, pointer) => {
    const answer = await batch(body);
    expect([answer.status, answer.at('code')]).toEqual([400, 'VALIDATION']);
    expect(answer.at('errors')).toContainEqual(expect.objectContaining({ pointer }));
  });

  it('a form of more than ten images of full size is refused as a whole', async () => {
    const large = Buffer.alloc(2 * TEN_MB);
    const answer = await form(...Array.from({ length: 6 }, (): [string, Uint8Array] => ['image', large]));
    expect([answer.status, answer.at('code')]).toEqual([413, 'BODY_TOO_LARGE']);
  });

  it.each<[string, object, string, string]>([
    ['no image', { input: { type: 'image', data: 'AAAA' } }, 'PICTURE_TYPE', '/input/data'],
    [
      'an empty one',
      { input: { type: 'image', data: 'data:image/png;base64,' } },
      'PICTURE_EMPTY',
      '/input/data',
    ],
    [
      'of the second edition',
      { input_data: { format: 'base64', content: 'AAAA' } },
      'PICTURE_TYPE',
      '/input_data/content',
    ],
    [
      'no image of this user',
      { input: { type: 'media', media_id: '0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c' } },
      'NOT_FOUND',
      '/input/media_id',
    ],
  ])('alone is refused with its place: %s', async (_what, body, code, pointer) => {
    const answer = await client.post('/api/inference/execute', { model_id: 'colours', ...body });
    expect([answer.at('code'), answer.at('errors')]).toEqual([
      code,
      [{ pointer, code, message: answer.at('detail') }],
    ]);
  });

  it('the only image of a form names its field', async () => {
    const send = (content: Uint8Array) => {
      const body = new FormData();
      body.append('model_id', 'colours');
      body.append('photo', new Blob([new Uint8Array(content)]), 'x.png');
      return client.call('POST', '/api/inference/execute', { body });
    };
    const large = await send(Buffer.alloc(TEN_MB + 1));
    expect([large.status, large.at('code'), large.at('errors.0.pointer')]).toEqual([
      413,
      'PICTURE_TOO_LARGE',
      '/photo',
    ]);
    const text = await send(Buffer.from('no image'));
    expect([text.status, text.at('code'), text.at('errors.0.pointer')]).toEqual([
      415,
      'PICTURE_TYPE',
      '/photo',
    ]);
  });
});
