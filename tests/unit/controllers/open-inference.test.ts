import { gzipSync } from 'node:zlib';
import type { Tensor } from '../../../src/domain/tensor.js';
import { AppError } from '../../../src/errors/app-error.js';
import { buildOpenApiDocument } from '../../../src/schemas/openapi.js';
import { startOpenInference, type OpenInferenceServer } from './open-inference-server.js';

const y: Tensor = { dtype: 'float32', dims: [2, 2], data: Float32Array.of(0.5, -1, 2, 1e-7) };
const x = { name: 'x', shape: [2, 3], datatype: 'FP32' };
const values = [1, 2, 3, 4, 5, 6];

describe('Open Inference v2', () => {
  let server: OpenInferenceServer;
  beforeAll(async () => {
    server = await startOpenInference();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    server.answer = async () => ({ 'y:0': y });
  });

  const send = async (path: string, body?: unknown, headers: Record<string, string> = {}, token = 'user') => {
    const raw =
      body instanceof Uint8Array ? Buffer.from(body) : body === undefined ? undefined : JSON.stringify(body);
    const response = await fetch(`${server.url}${path}`, {
      method: raw === undefined && !path.includes('repository') ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, ...headers },
      body: raw,
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    const split = Number(response.headers.get('inference-header-content-length') ?? bytes.length);
    const text = new TextDecoder().decode(bytes.subarray(0, split));
    const json = (text === '' ? null : JSON.parse(text)) as Record<string, unknown>;
    return { status: response.status, json, binary: bytes.slice(split), headers: response.headers };
  };
  const infer = (body: unknown, headers?: Record<string, string>) =>
    send('/v2/models/adder/infer', body, headers);
  /** A body of JSON and bytes with its header. */
  const framed = (json: object, ...tensors: Uint8Array[]): [Uint8Array, Record<string, string>] => {
    const head = Buffer.from(JSON.stringify(json));
    return [Buffer.concat([head, ...tensors]), { 'Inference-Header-Content-Length': String(head.length) }];
  };
  const bytesOf = (array: { buffer: ArrayBufferLike }) => new Uint8Array(array.buffer);
  const lastFeed = () => server.calls.at(-1)?.feeds.x as Tensor;

  it('says what it is and that it is there without a token', async () => {
    for (const path of ['/v2', '/v2/health/live', '/v2/health/ready']) {
      expect((await fetch(`${server.url}${path}`)).status).toBe(200);
    }
    expect((await send('/v2')).json).toMatchObject({ name: 'infernode', version: '9.9.9' });
    expect((await fetch(`${server.url}/v2/models/adder`)).status).toBe(401);
  });

  it('describes a network with free dimensions as -1 and lists its versions', async () => {
    expect((await send('/v2/models/adder')).json).toEqual({
      name: 'adder',
      versions: ['1.0.0', '2.0.0'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
      outputs: [{ name: 'y:0', datatype: 'FP16', shape: [-1, 2] }],
    });
    const unknown = await send('/v2/models/nothing');
    expect([unknown.status, unknown.json.error]).toEqual([404, 'There is no network nothing.']);
  });

  it('takes flat and nested JSON and answers JSON, with the id and the version that ran', async () => {
    for (const data of [values, [values.slice(0, 3), values.slice(3)]]) {
      const { status, json } = await infer({ id: 'q7', inputs: [{ ...x, data }] });
      expect([status, json]).toEqual([
        200,
        {
          model_name: 'adder',
          model_version: '2.0.0',
          id: 'q7',
          outputs: [{ name: 'y:0', datatype: 'FP32', shape: [2, 2], data: [...(y.data as Float32Array)] }],
        },
      ]);
      expect(lastFeed()).toEqual({ dtype: 'float32', dims: [2, 3], data: Float32Array.from(values) });
    }
    expect(
      (await send('/v2/models/adder/versions/1.0.0/infer', { inputs: [{ ...x, data: values }] })).json,
    ).toMatchObject({
      model_version: '1.0.0',
    });
  });

  it('takes binary tensors behind the JSON in their order, whatever the length of the JSON', async () => {
    for (const id of ['', 'a', 'ab', 'abc']) {
      const flags = { name: 'flags', shape: [3], datatype: 'BOOL', parameters: { binary_data_size: 3 } };
      const wide = { name: 'x', shape: [2], datatype: 'INT64', parameters: { binary_data_size: 16 } };
      const json = { id, inputs: [flags, { name: 'z', shape: [1], datatype: 'UINT8', data: [9] }, wide] };
      const [body, headers] = framed(json, Uint8Array.of(1, 0, 1), bytesOf(BigInt64Array.of(-5n, 2n ** 60n)));
      expect((await infer(body, headers)).status).toBe(200);
      const { feeds } = server.calls[server.calls.length - 1];
      expect(feeds).toEqual({
        flags: { dtype: 'bool', dims: [3], data: Uint8Array.of(1, 0, 1) },
        z: { dtype: 'uint8', dims: [1], data: Uint8Array.of(9) },
        x: { dtype: 'int64', dims: [2], data: BigInt64Array.of(-5n, 2n ** 60n) },
      });
    }
  });

  it('takes binary tensors that waited on disk until they had arrived, one or several', async () => {
    const numbers = Float32Array.from({ length: 40_000 }, (_, index) => index / 7);
    const one = { name: 'x', shape: [40_000], datatype: 'FP32', parameters: { binary_data_size: 160_000 } };
    for (const inputs of [[one], [one, { ...one, name: 'z' }]]) {
      const [body, headers] = framed({ inputs }, ...inputs.map(() => bytesOf(numbers)));
      expect((await infer(body, headers)).status).toBe(200);
      const tensor = { dtype: 'float32', dims: [40_000], data: numbers };
      expect(server.calls.at(-1)?.feeds).toEqual(
        Object.fromEntries(inputs.map(({ name }) => [name, tensor])),
      );
    }
  });

  it('answers binary where it is asked for, by output or for all', async () => {
    server.answer = async () => ({ a: y, b: { dtype: 'int32', dims: [1], data: Int32Array.of(-7) } });
    const inputs = [{ ...x, data: values }];
    const mixed = await infer({
      inputs,
      outputs: [{ name: 'b' }, { name: 'a', parameters: { binary_data: true } }],
    });
    expect(mixed.json.outputs).toEqual([
      { name: 'b', datatype: 'INT32', shape: [1], data: [-7] },
      { name: 'a', datatype: 'FP32', shape: [2, 2], parameters: { binary_data_size: 16 } },
    ]);
    expect(new Float32Array(mixed.binary.buffer)).toEqual(y.data);
    expect(server.calls.at(-1)?.outputs).toEqual(['b', 'a']);
    const all = await infer({ inputs, parameters: { binary_data_output: true } });
    expect(all.binary.length).toBe(20);
    expect(all.headers.get('content-type')).toBe('application/octet-stream');
  });

  it('an empty list of outputs asks for all of them', async () => {
    const answer = await infer({ inputs: [{ ...x, data: values }], outputs: [] });
    expect([answer.status, server.calls.at(-1)?.outputs]).toEqual([200, undefined]);
    expect(answer.json.outputs).toMatchObject([{ name: 'y:0' }]);
  });

  it('understands compressed bodies: the header counts what comes out', async () => {
    const json = { inputs: [{ ...x, parameters: { binary_data_size: 24 } }] };
    const [body, headers] = framed(json, bytesOf(Float32Array.from(values)));
    expect((await infer(gzipSync(body), { ...headers, 'content-encoding': 'gzip' })).status).toBe(200);
    expect(lastFeed().data).toEqual(Float32Array.from(values));
  });

  it('refuses what is compressed only in name, or cut off', async () => {
    const body = gzipSync(JSON.stringify({ inputs: [{ ...x, data: values }] }));
    for (const bad of [Buffer.from('xx'), body.subarray(0, body.length - 5)]) {
      const { status, json } = await infer(bad, { 'content-encoding': 'gzip' });
      expect([status, json.code]).toEqual([400, 'MALFORMED_BODY']);
      expect(json.error).toMatch(/Content-Encoding is gzip/);
    }
    expect((await infer(body, { 'content-encoding': 'zip' })).status).toBe(415);
  });

  it('takes images as JSON, more values than any other body may have', async () => {
    const data = Array.from({ length: 150_528 }, (_, index) => index / 255);
    expect((await infer({ inputs: [{ ...x, shape: [1, 3, 224, 224], data }] })).status).toBe(200);
    expect(lastFeed().data.length).toBe(150_528);
  });

  it.each<[string, object, string, RegExp]>([
    ['too few elements', { ...x, data: [1, 2] }, 'TENSOR_DATA', /needs 6 elements in data, but got 2/],
    ['too many elements', { ...x, data: [...values, 7] }, 'TENSOR_DATA', /needs 6 elements/],
    ['no data at all', x, 'TENSOR_DATA', /got no array/],
    [
      'a text among numbers',
      { ...x, data: [1, 2, '3', 4, 5, 6] },
      'TENSOR_DATA',
      /element 2 is not a value of FP32/,
    ],
    ['null among numbers', { ...x, data: [1, 2, 3, null, 5, 6] }, 'TENSOR_DATA', /element 3/],
    [
      'a fraction as integer',
      { ...x, datatype: 'INT32', data: [1, 2, 3, 4, 5.5, 6] },
      'TENSOR_DATA',
      /element 4/,
    ],
    ['256 as UINT8', { ...x, datatype: 'UINT8', data: [1, 2, 3, 4, 5, 256] }, 'TENSOR_DATA', /element 5/],
    ['-1 as UINT64', { ...x, datatype: 'UINT64', data: [1, 2, 3, 4, 5, -1] }, 'TENSOR_DATA', /element 5/],
    ['FP16 in JSON', { ...x, datatype: 'FP16', data: values }, 'TENSOR_DATA', /send it as binary/],
    ['a wrong binary size', { ...x, parameters: { binary_data_size: 20 } }, 'BINARY_SIZE', /takes 24 bytes/],
  ])('refuses %s', async (_name, input, code, message) => {
    const before = server.calls.length;
    const { status, json } = await infer({ inputs: [input] });
    expect([status, json.code]).toEqual([422, code]);
    expect(json.error).toMatch(message);
    expect(server.calls.length).toBe(before);
  });

  it.each<[string, unknown, Record<string, string>]>([
    ['text', Buffer.from('tensor please'), {}],
    ['no inputs', { inputs: [] }, {}],
    ['a strange type', { inputs: [{ ...x, datatype: 'BYTES', data: values }] }, {}],
    ['a negative size', { inputs: [{ ...x, shape: [-1, 3], data: values }] }, {}],
    [
      'a header beyond the body',
      { inputs: [{ ...x, data: values }] },
      { 'Inference-Header-Content-Length': '9999' },
    ],
    [
      'a header that is no number',
      { inputs: [{ ...x, data: values }] },
      { 'Inference-Header-Content-Length': '-1' },
    ],
  ])('answers 400 with an error text to %s', async (_name, body, headers) => {
    const { status, json } = await infer(body, headers);
    expect([status, typeof json.error]).toEqual([400, 'string']);
  });

  it('refuses bytes that nobody announced, and an input that is there twice', async () => {
    const json = { inputs: [{ ...x, data: values }] };
    expect((await infer(...framed(json, Uint8Array.of(1)))).json.error).toBe(
      '1 bytes follow the JSON, but the inputs announce 0.',
    );
    const twice = await infer({
      inputs: [
        { ...x, data: values },
        { ...x, data: values },
      ],
    });
    expect([twice.status, twice.json.code]).toEqual([422, 'INPUT_TWICE']);
  });

  it.each<[string, Tensor]>([
    ['FP16', { dtype: 'float16', dims: [1], data: Uint16Array.of(0x3c00) }],
    ['NaN', { dtype: 'float32', dims: [1], data: Float32Array.of(Number.NaN) }],
    ['large integers', { dtype: 'int64', dims: [1], data: BigInt64Array.of(2n ** 60n) }],
  ])('sends %s as binary data only, and says so', async (_name, tensor) => {
    server.answer = async () => ({ y: tensor });
    const inputs = [{ ...x, data: values }];
    const before = server.paid.length;
    const refused = await infer({ inputs });
    expect([refused.status, refused.json.code]).toEqual([422, 'OUTPUT_NEEDS_BINARY']);
    expect(server.paid).toHaveLength(before);
    const sent = await infer({ inputs, parameters: { binary_data_output: true } });
    expect(sent.binary).toEqual(new Uint8Array(tensor.data.buffer));
  });

  it('charges the rows of the first input, and nothing for work that failed', async () => {
    const before = server.paid.length;
    await infer({ inputs: [{ ...x, data: values }] });
    expect(server.paid.slice(before)).toEqual([expect.objectContaining({ userId: 'user', images: 2 })]);
    server.answer = async () => {
      throw new AppError('MODEL_MISMATCH', { message: 'x must be [batch, 3].' });
    };
    const { status, json } = await infer({ inputs: [{ ...x, data: values }] });
    expect([status, json.error]).toEqual([422, 'x must be [batch, 3].']);
    expect(server.paid.length).toBe(before + 1);
  });

  it('passes the time limit on in milliseconds', async () => {
    await infer({ inputs: [{ ...x, data: values }], parameters: { timeout: 2_500_000 } });
    expect(server.calls.at(-1)?.timeoutMs).toBe(2500);
  });

  it.each([600_000_001, 2 ** 31 * 1000, 1e18, 2 ** 64])(
    'takes a time limit of %d for ten minutes',
    async (timeout) => {
      expect((await infer({ inputs: [{ ...x, data: values }], parameters: { timeout } })).status).toBe(200);
      expect(server.calls.at(-1)?.timeoutMs).toBe(600_000);
    },
  );

  it.each(['/v2/models/{name}/infer', '/v2/models/{name}/versions/{version}/infer'])(
    'is documented with its binary bodies: %s',
    (path) => {
      const { post } = buildOpenApiDocument({ version: 'test' }).paths?.[path] ?? {};
      const header = 'Inference-Header-Content-Length';
      expect(post?.parameters).toContainEqual(expect.objectContaining({ name: header, in: 'header' }));
      const types = ['application/json', 'application/octet-stream'];
      expect(post).toMatchObject({
        requestBody: { content: Object.fromEntries(types.map((type) => [type, { schema: {} }])) },
        responses: {
          200: {
            content: Object.fromEntries(types.map((type) => [type, { schema: {} }])),
            headers: { [header]: { schema: { type: 'string' } } },
          },
        },
      });
    },
  );

  it('stops work whose client has gone', async () => {
    const stopped = new Promise<void>((resolve) => {
      server.answer = ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => {
            resolve();
            reject(new Error('stopped'));
          });
          leave.abort();
        });
    });
    const leave = new AbortController();
    const gone = fetch(`${server.url}/v2/models/adder/infer`, {
      method: 'POST',
      headers: { authorization: 'Bearer user' },
      body: JSON.stringify({ inputs: [{ ...x, data: values }] }),
      signal: leave.signal,
    });
    await expect(gone).rejects.toThrow();
    await stopped;
  });

  it('lets admins load and unload, and shows everybody what is ready and why not', async () => {
    const index = async (body?: object) =>
      (await send('/v2/repository/index', body)).json as unknown as {
        name: string;
        state: string;
        reason: string;
      }[];
    const path = '/v2/repository/models/adder';
    expect((await send(`${path}/load`, {})).status).toBe(403);
    expect(
      (await send(`${path}/unload`, { parameters: { unload_dependents: false } }, {}, 'admin')).status,
    ).toBe(200);
    expect((await send('/v2/models/adder/ready')).status).toBe(404);
    expect((await send(`${path}/load`, undefined, {}, 'admin')).status).toBe(200);
    expect((await send('/v2/models/adder/ready')).status).toBe(200);
    expect((await send('/v2/models/adder/versions/1.0.0/ready')).status).toBe(404);
    expect(await index()).toEqual([
      { name: 'adder', version: '1.0.0', state: 'UNAVAILABLE', reason: 'unloaded' },
      { name: 'adder', version: '2.0.0', state: 'READY', reason: '' },
      { name: 'broken', version: '1.0.0', state: 'UNAVAILABLE', reason: 'It is no ONNX file.' },
    ]);
    expect((await index({ ready: true })).map(({ state }) => state)).toEqual(['READY']);
    expect((await send('/v2/repository/models/nothing/unload', undefined, {}, 'admin')).status).toBe(404);
  });
});
