import { openOnnxSession } from '../../../../src/networks/runtime/onnx-session.js';
import { PROBE_INPUT, PROBE_OUTPUT, probeGraph } from '../../../../src/networks/runtime/probe-graph.js';
import {
  float32Output,
  float32Tensor,
  type Tensor,
  type TensorSession,
} from '../../../../src/networks/runtime/tensor-session.js';
import { writeOnnx } from '../../../factories/onnx/onnx-model.js';
import { addModel, denseModel, externalDataModel } from '../../../factories/onnx/sample-models.js';

const open: TensorSession[] = [];
const load = async (model: Uint8Array): Promise<TensorSession> => {
  const session = await openOnnxSession({ model, device: 'cpu' });
  open.push(session);
  return session;
};
const rows = (count: number): Tensor =>
  float32Tensor(
    Float32Array.from({ length: 2 * count }, (_, i) => i),
    [count, 2],
  );

afterEach(async () => {
  await Promise.all(open.splice(0).map((session) => session.close()));
});

describe('an ONNX session', () => {
  it('computes the graph on the CPU', async () => {
    const session = await load(denseModel());
    const { y } = await session.run({ x: float32Tensor(Float32Array.of(1, 2), [1, 2]) });
    // relu([1*1 + 2*3 + 0.5, 1*2 - 2*4 + 0.25])
    expect(y).toEqual({ dtype: 'float32', dims: [1, 2], data: Float32Array.of(7.5, 0) });
    expect(session.device).toBe('cpu');
  });

  it('says what goes in and out, free dimensions by name', async () => {
    const session = await load(addModel());
    expect(session.inputs).toEqual([
      { name: 'left', dtype: 'float32', dims: ['N', 2] },
      { name: 'right', dtype: 'float32', dims: ['N', 2] },
    ]);
    expect(session.outputs).toEqual([{ name: 'sum', dtype: 'float32', dims: ['N', 2] }]);
    const outputs = await session.run({ left: rows(3), right: rows(3) });
    expect(Array.from(float32Output(outputs, 'sum', [3, 2]))).toEqual([0, 2, 4, 6, 8, 10]);
  });

  it('writes into memory that it is given, of the right shape only', async () => {
    const session = await load(addModel());
    const feeds = { left: rows(2), right: rows(2) };
    const memory = new Float32Array(4);
    const { sum } = await session.run(feeds, { sum: float32Tensor(memory, [2, 2]) });
    expect(Array.from(memory)).toEqual([0, 2, 4, 6]);
    expect(Array.from(float32Output({ sum }, 'sum', [2, 2]))).toEqual([0, 2, 4, 6]);
    const wrong = float32Tensor(new Float32Array(6), [3, 2]);
    await expect(session.run(feeds, { sum: wrong })).rejects.toMatchObject({ code: 'NETWORK_RUN_FAILED' });
  });

  it('carries 64-bit integers', async () => {
    const int64 = (name: string) => ({ name, dtype: 'int64' as const, dims: [2] });
    const session = await load(
      writeOnnx({
        nodes: [{ op: 'Add', inputs: ['a', 'b'], outputs: ['c'] }],
        inputs: [int64('a'), int64('b')],
        outputs: [int64('c')],
      }),
    );
    const a: Tensor = { dtype: 'int64', dims: [2], data: BigInt64Array.of(2n ** 53n, -5n) };
    const b: Tensor = { dtype: 'int64', dims: [2], data: BigInt64Array.of(1n, 2n) };
    expect((await session.run({ a, b })).c.data).toEqual(BigInt64Array.of(2n ** 53n + 1n, -3n));
  });

  it.each<[string, Record<string, Tensor>, RegExp]>([
    ['a missing input', { left: rows(2) }, /input right is missing/],
    ['an input too many', { left: rows(2), right: rows(2), third: rows(2) }, /no input third/],
    [
      'sizes that would broadcast',
      { left: rows(2), right: rows(1) },
      /right has 1 for dimension N, but left has 2/,
    ],
    [
      'another rank',
      { left: rows(2), right: float32Tensor(new Float32Array(4), [4]) },
      /float32 \[4\] instead of/,
    ],
    [
      'another element type',
      { left: rows(1), right: { dtype: 'int64', dims: [1, 2], data: new BigInt64Array(2) } },
      /int64/,
    ],
    [
      'too few values',
      { left: rows(2), right: float32Tensor(new Float32Array(2), [2, 2]) },
      /holds 2 values/,
    ],
  ])('refuses %s before running', async (_what, feeds, message) => {
    const session = await load(addModel());
    await expect(session.run(feeds)).rejects.toMatchObject({
      code: 'MODEL_MISMATCH',
      kind: 'invalid',
      message: expect.stringMatching(message),
    });
  });

  it.each<[string, Uint8Array]>([
    ['an empty file', new Uint8Array(0)],
    ['a text', Buffer.from('version https://git-lfs.github.com/spec/v1\n')],
    ['a truncated file', denseModel().slice(0, 80)],
    ['an operator set of the future', addModel({ opset: 99 })],
    ['an operator set without kernels any more', addModel({ opset: 6 })],
    ['a file format of the future', addModel({ irVersion: 99 })],
    [
      'an unknown operator',
      addModel({ nodes: [{ op: 'Evil', inputs: ['left', 'right'], outputs: ['sum'] }] }),
    ],
    [
      'an unknown operator domain',
      addModel({ nodes: [{ op: 'Evil', domain: 'evil.ops', inputs: ['left', 'right'], outputs: ['sum'] }] }),
    ],
  ])('refuses %s', async (_what, model) => {
    const refusal = load(model);
    await expect(refusal).rejects.toMatchObject({ code: 'MODEL_INVALID', kind: 'invalid' });
    await expect(refusal).rejects.not.toThrow(/onnxruntime_src/);
  });

  it('refuses data in other files even where the runtime would read them', async () => {
    // Loaded from bytes, the runtime looks for them in the working directory; package.json lies there.
    await expect(load(externalDataModel('package.json'))).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining('external data'),
    });
  });

  it('does not run after it was closed, and closes twice', async () => {
    const session = await load(addModel());
    await session.close();
    await session.close();
    await expect(session.run({ left: rows(1), right: rows(1) })).rejects.toMatchObject({
      code: 'SESSION_CLOSED',
    });
  });

  it('counts where nodes ran while it is profiled', async () => {
    const session = await openOnnxSession({ model: denseModel(), device: 'cpu', profile: true });
    open.push(session);
    await session.run({ x: float32Tensor(Float32Array.of(1, 2), [1, 2]) });
    const placement = await session.endProfile();
    expect(placement.cpu).toBeGreaterThan(0);
    expect(placement).toMatchObject({ cuda: 0, webgpu: 0 });
    expect(await session.endProfile()).toEqual({ cpu: 0, cuda: 0, webgpu: 0 });
  });
});

describe('onnx session', () => {
  it('the built-in probe graph is the dense model and gives what the probe expects', async () => {
    expect(Buffer.from(probeGraph()).equals(denseModel())).toBe(true);
    const session = await load(probeGraph());
    const outputs = await session.run({ x: float32Tensor(Float32Array.from(PROBE_INPUT), [1, 2]) });
    expect(Array.from(float32Output(outputs, 'y', [1, 2]))).toEqual(PROBE_OUTPUT);
  });
});
