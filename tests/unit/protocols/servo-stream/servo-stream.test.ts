import { AppError } from '../../../../src/errors/app-error.js';
import { readAnswer, writeAnswer } from '../../../../src/protocols/servo-stream/answer-message.js';
import {
  parseFrame,
  readFrameLabel,
  writeFrame,
} from '../../../../src/protocols/servo-stream/frame-message.js';
import { createSeededRandom } from '../../../../src/vision/geometry/two-view/seeded-random.js';

const limits = { maxBytes: 1_000_000 };

/** A message byte by byte, as the documentation has it: nothing of the code under test writes it. */
const message = (head: readonly number[], rest: readonly number[] = [0xff]): Uint8Array =>
  Uint8Array.from([...head, ...rest]);

const HEAD = [1, 1, 0, 0, 0x78, 0x56, 0x34, 0x12, 0xef, 0xcd, 0xab, 0x90, 0x78, 0x56, 0x34, 0x12];
const withByte = (index: number, value: number): number[] => HEAD.with(index, value);

function problemOf(bytes: Uint8Array): AppError {
  try {
    parseFrame(bytes, limits);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('a frame of the stream', () => {
  it('is read from its 16 bytes of header, little-endian', () => {
    expect(parseFrame(message(HEAD, [0xff, 0xd8]), limits)).toEqual({
      format: 'jpeg',
      sequence: 0x12345678,
      captureTimeMicros: 0x1234567890abcdefn,
      toolFrame: false,
      size: null,
      bytes: Uint8Array.of(0xff, 0xd8),
    });
  });

  it('has its largest numbers without a sign', () => {
    const head = [1, 2, 1, 0, ...new Array<number>(12).fill(255)];
    expect(parseFrame(message(head), limits)).toMatchObject({
      format: 'png',
      toolFrame: true,
      sequence: 2 ** 32 - 1,
      captureTimeMicros: 2n ** 64n - 1n,
    });
  });

  it('has width and height before raw pixels, wherever its bytes lie in memory', () => {
    const pixels = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];
    const bytes = message(withByte(1, 5), [3, 0, 2, 0, ...pixels]);
    const within = new Uint8Array([7, 7, 7, ...bytes, 7]).subarray(3, 3 + bytes.length);
    const frame = parseFrame(within, limits);
    expect(frame).toMatchObject({ format: 'rgb24', size: { width: 3, height: 2 } });
    expect([...frame.bytes]).toEqual(pixels);
  });

  it.each([
    ['nothing', new Uint8Array(0), 'FRAME_MALFORMED', /0 bytes.*16/],
    ['half a header', message(HEAD.slice(0, 15), []), 'FRAME_MALFORMED', /15 bytes/],
    ['another version', message(withByte(0, 2)), 'FRAME_MALFORMED', /version.*2.*must be 1/],
    ['no format', message(withByte(1, 0)), 'FRAME_MALFORMED', /format.*0.*1 jpeg.*6 yuy2/],
    ['an unknown format', message(withByte(1, 7)), 'FRAME_MALFORMED', /format.*7/],
    ['unknown flags', message(withByte(3, 1)), 'FRAME_MALFORMED', /flags.*256/],
    ['no image', message(HEAD, []), 'FRAME_MALFORMED', /0 bytes/],
    ['raw pixels without a size', message(withByte(1, 4), [1, 0, 1]), 'FRAME_MALFORMED', /byte 19/],
    ['no pixels', message(withByte(1, 4), [0, 0, 5, 0]), 'FRAME_MALFORMED', /0x5/],
    [
      'a pixel too few',
      message(withByte(1, 4), [2, 0, 2, 0, 1, 2, 3]),
      'FRAME_MALFORMED',
      /exactly 4 .*has 3/,
    ],
    [
      'a byte too many',
      message(withByte(1, 5), [1, 0, 1, 0, 1, 2, 3, 4]),
      'FRAME_MALFORMED',
      /exactly 3 .*has 4/,
    ],
    ['half a pair', message(withByte(1, 6), [1, 0, 1, 0, 1, 2]), 'FRAME_MALFORMED', /odd width/],
  ] as const)('with %s is refused with the reason', (_, bytes, code, reason) => {
    const problem = problemOf(bytes);
    expect(problem.code).toBe(code);
    expect(problem.message).toMatch(reason);
  });

  it('is told apart by its numbers where it is refused, unless it has none', () => {
    const label = { sequence: 2 ** 32 - 1, captureTimeMicros: 2n ** 64n - 1n };
    const numbers = new Array<number>(12).fill(255);
    expect(readFrameLabel(message([1, 99, 9, 9, ...numbers], []))).toEqual(label);
    expect(readFrameLabel(message([2, 1, 0, 0, ...numbers]))).toBeNull();
    expect(readFrameLabel(message([1, 1, 0, 0, ...numbers.slice(1)], []))).toBeNull();
  });

  it('is refused above the limit of its image, to the byte', () => {
    const image = new Array<number>(5).fill(1);
    expect(parseFrame(message(HEAD, image), { maxBytes: 5 }).bytes).toHaveLength(5);
    expect(() => parseFrame(message(HEAD, image), { maxBytes: 4 })).toThrow(/5 bytes; at most 4/);
  });

  it('is what its writer wrote, or refused, whatever the bytes are', () => {
    const random = createSeededRandom(9);
    let taken = 0;
    for (let n = 0; n < 5000; n++) {
      const bytes = Uint8Array.from({ length: random() * 40 }, () => random() * 256);
      // Half of them have a header that may be right.
      if (n % 2 === 0 && bytes.length > 4) bytes.set([1, 1 + (n % 6), (n >> 3) & 1, 0]);
      let frame;
      try {
        frame = parseFrame(bytes, limits);
      } catch (error) {
        expect(error).toMatchObject({ code: 'FRAME_MALFORMED' });
        continue;
      }
      taken += 1;
      expect(writeFrame(frame)).toEqual(bytes);
    }
    expect(taken).toBeGreaterThan(100);
  });
});

describe('a binary answer', () => {
  it('has 64 bytes, each where the documentation has it', () => {
    const bytes = writeAnswer({
      status: 'weak',
      confidence: 0.5,
      sequence: 0xfffffffe,
      captureTimeMicros: 2n ** 64n - 2n,
      velocity: [0.5, -1, 2, 0.25, -0.125, 4],
      featureError: 0.0625,
      matches: 300,
      inliers: 70_000,
      skipped: 3,
      totalMs: 12.5,
      timingsMs: { decode: 1.25, detect: 10, match: 0.5, network: 9999 },
    });
    const view = new DataView(bytes.buffer);
    expect(bytes).toHaveLength(64);
    expect([view.getUint8(0), view.getUint8(1), view.getUint16(2, true)]).toEqual([1, 1, 32_768]);
    expect(view.getUint32(4, true)).toBe(0xfffffffe);
    expect(view.getBigUint64(8, true)).toBe(2n ** 64n - 2n);
    const speeds = [16, 20, 24, 28, 32, 36].map((at) => view.getFloat32(at, true));
    expect(speeds).toEqual([0.5, -1, 2, 0.25, -0.125, 4]);
    expect([view.getFloat32(40, true), view.getFloat32(52, true)]).toEqual([0.0625, 12.5]);
    expect([view.getUint16(44, true), view.getUint16(46, true)]).toEqual([300, 65_535]);
    expect(view.getUint32(48, true)).toBe(3);
    expect([56, 58, 60, 62].map((at) => view.getUint16(at, true))).toEqual([13, 100, 5, 65_535]);
  });

  it('without a velocity stands still, and says what it does not know', () => {
    const answer = readAnswer(
      writeAnswer({ status: 'lost', sequence: 7, captureTimeMicros: 8n, velocity: null, featureError: null }),
    );
    expect(answer).toMatchObject({ status: 'lost', velocity: [0, 0, 0, 0, 0, 0], sequence: 7 });
    expect(answer).toMatchObject({ featureError: null, totalMs: null, confidence: 0, skipped: 0 });
  });

  it('is not read from anything else', () => {
    const bytes = writeAnswer({ status: 'error', sequence: 1, captureTimeMicros: 0n, velocity: null });
    expect(readAnswer(bytes)).toMatchObject({ status: 'error' });
    for (const [at, value] of [
      [0, 2],
      [1, 7],
    ])
      expect(readAnswer(bytes.with(at, value))).toBeNull();
    expect(readAnswer(bytes.subarray(1))).toBeNull();
  });
});
