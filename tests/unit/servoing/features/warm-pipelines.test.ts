import path from 'node:path';
import { WarmPipelines } from '../../../../src/servoing/features/warm-pipelines.js';
import { rectangles } from '../../vision/features/test-images.js';

const modelsDirectory = path.resolve(import.meta.dirname, '../../../../../models');
const options = { modelsDirectory, maxFeatures: 100, threads: 1 };
const image = rectangles(160, 120, [0, 0]);

let warm: WarmPipelines;
afterEach(() => warm.close());

describe('warm feature pipelines', () => {
  it('gives the next job with the same detector the same threads', async () => {
    warm = new WarmPipelines();
    const first = await warm.lease('ORB', options);
    const found = await first.pipeline.detect(image);
    await first.release(true);
    const second = await warm.lease('orb', options);
    expect(second.pipeline).toBe(first.pipeline);
    expect(await second.pipeline.detect(image)).toEqual(found);
    // Given back already: a job's end that comes twice must not take it from its next user.
    await first.release(false);
    expect(second.pipeline.usable).toBe(true);
    await second.release(false);
    expect(second.pipeline.usable).toBe(false);
  });

  it('gives two jobs at once threads of their own', async () => {
    warm = new WarmPipelines();
    const [a, b] = [await warm.lease('ORB', options), await warm.lease('ORB', options)];
    expect(a.pipeline).not.toBe(b.pipeline);
    await a.release(true);
    await b.release(true);
    expect([a.pipeline.usable, b.pipeline.usable]).toEqual([false, true]);
  });

  it.each([
    ['another detector', 'AKAZE', options],
    ['another number of threads', 'ORB', { ...options, threads: 2 }],
  ])('ends them for %s', async (_, name, other) => {
    warm = new WarmPipelines();
    const first = await warm.lease('ORB', options);
    await first.release(true);
    const second = await warm.lease(name, other);
    expect(second.pipeline).not.toBe(first.pipeline);
    expect(first.pipeline.usable).toBe(false);
    await second.release(false);
  });

  it('does not keep threads that were closed or that may still be busy', async () => {
    warm = new WarmPipelines();
    const first = await warm.lease('ORB', options);
    await first.pipeline.close();
    await first.release(true);
    const second = await warm.lease('ORB', options);
    expect(second.pipeline).not.toBe(first.pipeline);
    await second.release(false);
    await expect(second.pipeline.detect(image)).rejects.toMatchObject({ code: 'FRONT_END_FAILED' });
  });
});
