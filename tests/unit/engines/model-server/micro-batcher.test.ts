import { MicroBatcher, type BatchItem } from '../../../../src/engines/model-server/micro-batcher.js';

afterEach(() => {
  jest.restoreAllMocks();
});

/** Sizes of the batches that 24 images make which come at once, for a network that takes so long for each. */
async function batchesOf(millisecondsEach: number): Promise<readonly number[]> {
  let clock = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => clock);
  const sizes: number[] = [];
  const done: number[] = [];
  await new Promise<void>((resolve) => {
    const batcher = new MicroBatcher<BatchItem>({
      maxBatch: 8,
      maxDelayMs: 4,
      run: async (batch) => {
        sizes.push(batch.length);
        await Promise.resolve();
        clock += millisecondsEach * batch.length;
        done.push(...batch.map(({ id }) => id));
        if (done.length === 24) resolve();
      },
    });
    for (let id = 0; id < 24; id++) batcher.expect();
    for (let id = 0; id < 24; id++) batcher.add({ id, joinable: true });
  });
  expect(done).toEqual(Array.from({ length: 24 }, (_, id) => id));
  return sizes;
}

describe('joining images', () => {
  it('fills batches of a quick network', async () => {
    expect(await batchesOf(1)).toEqual([8, 8, 8]);
  });

  it('keeps batches of a slow network short once its pace is known, so that others do not wait long', async () => {
    expect(await batchesOf(30)).toEqual([8, 3, 3, 3, 3, 3, 1]);
  });

  it('runs one image at a time where each takes longer than a batch should', async () => {
    expect((await batchesOf(400)).slice(1)).toEqual(Array.from({ length: 16 }, () => 1));
  });
});
