import { execFileSync } from 'node:child_process';
import { Yuv420, yuv420Bytes } from '../../../src/media/yuv420.js';

const size = { width: 7, height: 5 };

/** Frames with moderate colours, none of which lies outside of RGB. */
function frame(): Uint8Array {
  const yuv = new Uint8Array(yuv420Bytes(size));
  for (let at = 0; at < yuv.length; at += 1)
    yuv[at] = at < size.width * size.height ? 90 + ((37 * at) % 80) : 112 + ((11 * at) % 32);
  return yuv;
}

/** FFmpeg's own conversion of one colour. */
function byFfmpeg(yuv: readonly number[], matrix: string): Uint8Array {
  const input = ['-f', 'rawvideo', '-pix_fmt', 'yuv444p', '-s', '1x1', '-i', 'pipe:0'];
  const scale = `scale=in_color_matrix=${matrix}:in_range=tv:flags=accurate_rnd+full_chroma_int`;
  const output = ['-vf', scale, '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
  return execFileSync('ffmpeg', ['-v', 'error', ...input, ...output], { input: Uint8Array.from(yuv) });
}

describe('4:2:0 and RGB', () => {
  it.each([
    [null, 'bt601'],
    ['smpte170m', 'bt601'],
    ['bt709', 'bt709'],
    ['bt2020nc', 'bt2020'],
  ])('colours in the matrix %s are those that FFmpeg reads as %s', (name, matrix) => {
    const pixel = { width: 1, height: 1 };
    for (const yuv of [
      [16, 128, 128],
      [235, 128, 128],
      [120, 90, 200],
      [80, 170, 110],
    ]) {
      const rgb = new Yuv420(pixel, name).toRgb(Uint8Array.from(yuv));
      byFfmpeg(yuv, matrix).forEach((value, at) => expect(Math.abs(rgb[at] - value)).toBeLessThanOrEqual(1));
    }
  });

  it.each([null, 'bt709'])('a whole frame painted with its own RGB comes back, in %s', (matrix) => {
    const colours = new Yuv420(size, matrix);
    const yuv = frame();
    const all = new Uint8Array(size.width * size.height).fill(255);
    const back = colours.paint(yuv, colours.toRgb(yuv), all);
    back.forEach((value, at) => expect(Math.abs(value - yuv[at])).toBeLessThanOrEqual(1));
  });

  it('painting changes brightness in the mask alone, and colour in the blocks that it touches', () => {
    const colours = new Yuv420(size, null);
    const yuv = frame();
    const mask = new Uint8Array(size.width * size.height);
    const pixel = 2 * size.width + 6;
    mask[pixel] = 255;
    const red = colours.toRgb(yuv);
    red.set([255, 0, 0], 3 * pixel);
    const painted = colours.paint(yuv, red, mask);
    const changed = [...painted.keys()].filter((at) => painted[at] !== yuv[at]);
    // Four blocks in a row; the pixel lies in the last one of the second row. Its plane U begins at 35, V at 47.
    expect(changed).toEqual([pixel, 35 + 7, 47 + 7]);
    // Pure red is 81 of 16 to 235 in BT.601 (ITU-R BT.601, table of 75 % and 100 % bars).
    expect(Math.abs(painted[pixel] - 81)).toBeLessThanOrEqual(1);
  });
});
