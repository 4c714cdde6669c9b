import { TensorTexts } from '../../../../src/protocols/open-inference/tensor-texts.js';

const input = { name: 'x', datatype: 'FP32', shape: [2, 50_000] } as const;
const values = Array.from({ length: 100_000 }, (_, index) => index / 8);
const nested = [values.slice(0, 50_000), values.slice(50_000)];

describe('long tensors as JSON', () => {
  const texts = new TensorTexts();
  afterAll(() => texts.close());
  const read = (data: unknown, text = JSON.stringify(data)) =>
    texts.read({ ...input, shape: [...input.shape] }, Buffer.from(text), '/inputs/0');

  it('are read in a thread, flat or nested, many at the same time', async () => {
    const tensors = await Promise.all([read(values), read(nested), read(values)]);
    for (const { dtype, dims, data } of tensors) {
      expect([dtype, dims]).toEqual(['float32', [2, 50_000]]);
      expect(data).toEqual(Float32Array.from(values));
    }
  });

  it('that are wrong are refused as short ones are', async () => {
    await expect(read([...values.slice(1), null])).rejects.toMatchObject({
      code: 'TENSOR_DATA',
      issues: [{ pointer: '/inputs/0/data/99999' }],
    });
    await expect(read(values.slice(1))).rejects.toMatchObject({ code: 'TENSOR_DATA' });
    await expect(read(null, `[${'1 '.repeat(100_000)}]`)).rejects.toMatchObject({ code: 'MALFORMED_JSON' });
  });

  it('are read by the next thread when one was ended', async () => {
    await texts.close();
    expect((await read(values)).data).toEqual(Float32Array.from(values));
  });
});
