/**
 * Creates a long video cheaply, to measure that memory does not grow with length: `npm run render:long-clip -- --out
 * long.mp4 [--seconds 600] [--width 1920] [--height 1080] [--fps 30] [--seed 1]`.
 *
 * One large image of a scene is rendered, FFmpeg moves a window over it along a closed curve for some seconds, and that
 * segment is repeated without re-encoding. All repetitions are identical, so any growth comes from the reader.
 */
import { rm, stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { makeLongClip } from './render/long-clip.js';

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    seconds: { type: 'string', default: '600' },
    width: { type: 'string', default: '1920' },
    height: { type: 'string', default: '1080' },
    fps: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
  },
});
const positive = (name: 'seconds' | 'width' | 'height' | 'fps' | 'seed'): number => {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value <= 0)
    throw new Error(`--${name} must be a positive whole number, not ${values[name]}`);
  return value;
};
if (values.out === undefined) throw new Error('--out FILE is missing');

const started = performance.now();
const piece = `${values.out}.piece.mp4`;
try {
  const frames = await makeLongClip({
    out: values.out,
    piece,
    seconds: positive('seconds'),
    width: positive('width'),
    height: positive('height'),
    fps: positive('fps'),
    seed: positive('seed'),
  });
  const megabytes = ((await stat(values.out)).size / 1e6).toFixed(1);
  console.log(
    `${values.out}: ${frames} frames, ${megabytes} MB, ${((performance.now() - started) / 1000).toFixed(1)} s`,
  );
} finally {
  await rm(piece, { force: true });
}
