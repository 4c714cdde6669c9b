import type { RgbaPicture } from '../../../src/media/mask-colours.js';
import { MaskFramesReader } from '../../../src/media/mask-frames-reader.js';

let reader: MaskFramesReader;
beforeEach(() => (reader = new MaskFramesReader()));
afterEach(() => reader.close());

/** Black, the left half white. */
function halfWhite(): RgbaPicture {
  const data = new Uint8Array(4 * 16 * 8);
  for (let pixel = 0; pixel < 16 * 8; pixel += 1)
    data.fill(pixel % 16 < 8 ? 255 : 0, 4 * pixel, 4 * pixel + 3);
  for (let at = 3; at < data.length; at += 4) data[at] = 255;
  return { width: 16, height: 8, data };
}

it('gives the pixels of a frame to a thread, which counts those of all frames together', async () => {
  const frame = halfWhite();
  const once = await reader.ask({ kind: 'count', frame }, false);
  expect([once.colours.whole.light, once.contrast, frame.data.length]).toEqual([64, 255, 512]);
  const twice = await reader.ask({ kind: 'count', frame }, true);
  expect([twice.colours.whole.light, twice.colours.whole.total]).toEqual([128, 256]);
  // What was handed over is not here any more: nobody but the thread goes through it.
  expect(frame.data.length).toBe(0);
});

it('measures the hole of a frame, and compares with a source that is handed over', async () => {
  const frame = halfWhite();
  expect(await reader.ask({ kind: 'measure', frame, rule: { kind: 'light' } }, false)).toMatchObject({
    share: 0.5,
  });
  const source = { width: 16, height: 8, data: new Uint8Array(3 * 16 * 8) };
  expect(await reader.ask({ kind: 'compare', frame, source }, false)).toMatchObject({
    share: 0.5,
    isLikelyCopy: false,
  });
  expect(source.data.length).toBe(0);
});

it('says that a mask could not be read when the thread ends instead of answering', async () => {
  const frame = halfWhite();
  const answer = reader.ask({ kind: 'count', frame }, false);
  await Promise.all([expect(answer).rejects.toMatchObject({ code: 'MASK_FAILED' }), reader.close()]);
});
