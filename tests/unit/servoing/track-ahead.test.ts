import type { Correspondences } from '../../../src/vision/features/correspondences.js';
import type { Frame } from '../../../src/media/frame-stream.js';
import { trackAhead, type TrackAheadOptions } from '../../../src/servoing/track-ahead.js';

const found: Correspondences = {
  cur: new Float32Array(0),
  visible: new Float32Array(0),
  matches: {
    count: 0,
    goalIndex: new Int32Array(0),
    currentIndex: new Int32Array(0),
    distances: new Float32Array(0),
  },
  inliers: new Uint8Array(0),
  inlierCount: 0,
  model: 'none',
  error: null,
  lost: 'TOO_FEW_MATCHES',
  weak: null,
  candidates: null,
};

/** A decoder of `count` frames that tells how many it gave and whether it was ended. */
function decoder(count: number) {
  const state = { given: 0, ended: false };
  async function* frames(): AsyncGenerator<Frame> {
    try {
      for (let index = 0; index < count; index++) {
        state.given += 1;
        yield { index, timeSeconds: index / 25, data: Uint8Array.of(index) };
      }
    } finally {
      state.ended = true;
    }
  }
  return { state, frames: frames() };
}

const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await Promise.resolve();
};

/** Later frames are done sooner than earlier ones; each carries its number as its count of key points. */
const options = (fails?: number): TrackAheadOptions => ({
  featurePipeline: {
    track: async ({ data }) => {
      await turns(40 - 3 * data[0]);
      if (data[0] === fails) throw new Error('thread died');
      return { found, keypoints: data[0], detectMs: 1, matchMs: 1 };
    },
  },
  size: { width: 1, height: 1 },
  ahead: 3,
});

describe('working ahead', () => {
  it('gives frames in order, however long each takes', async () => {
    const seen: number[] = [];
    for await (const frame of trackAhead(decoder(9).frames, options())) {
      expect(frame.keypoints).toBe(frame.index);
      seen.push(frame.index);
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('never holds more frames than it was allowed, with a slow consumer too', async () => {
    const { state, frames } = decoder(30);
    let taken = 0;
    for await (const frame of trackAhead(frames, options())) {
      taken = frame.index + 1;
      await turns(50);
      expect(state.given - taken).toBeLessThanOrEqual(3);
    }
    expect(taken).toBe(30);
  });

  it('meets a failure when its turn comes, after the frames before it, and ends the decoder', async () => {
    const { state, frames } = decoder(30);
    const seen: number[] = [];
    const run = async (): Promise<void> => {
      for await (const frame of trackAhead(frames, options(4))) seen.push(frame.index);
    };
    await expect(run()).rejects.toThrow('thread died');
    expect(seen).toEqual([0, 1, 2, 3]);
    expect(state.ended).toBe(true);
    expect(state.given).toBeLessThan(10);
  });

  it('ends the decoder when the consumer leaves', async () => {
    const { state, frames } = decoder(30);
    for await (const frame of trackAhead(frames, options())) if (frame.index === 2) break;
    expect(state.ended).toBe(true);
    expect(state.given).toBeLessThan(8);
  });
});
