import type { InpaintingNetwork } from './inpainting-network.js';
import { toBytes, type Size, type Image } from '../../vision/image/image.js';
import { enlarge, reduceImage, reduceWithHole, toFloats } from '../../vision/image/resample.js';
import { HOLE, type Mask } from '../../vision/image/mask.js';
import { cutImage, pasteHole } from '../../vision/image/cut-and-paste.js';

/** The part of a network that filling needs. */
export type ImageNetwork = Pick<InpaintingNetwork, 'size' | 'run'>;

/**
 * The smallest size that the network accepts and that contains `size`; for a network with a fixed size, that
 * size.
 */
export function paddedSize(size: ImageNetwork['size'], { width, height }: Size): Size {
  if (size.kind === 'fixed') return { width: size.width, height: size.height };
  const fit = (side: number): number => Math.max(size.min, Math.ceil(side / size.of) * size.of);
  return { width: fit(width), height: fit(height) };
}

/** Runs a network on an image of any size: padded by repeating the border, or reduced for a fixed size. */
export async function runPadded(network: ImageNetwork, image: Image, hole: Mask): Promise<void> {
  const { width, height } = image;
  const target = paddedSize(network.size, image);
  if (target.width === width && target.height === height) return network.run(image, hole);
  if (target.width < width || target.height < height) return runReduced(network, image, hole);
  // Padding that repeats hole pixels is hole too.
  const padded = { ...target, data: padRows(image.data, { ...image, bytes: 3 }, target) };
  const marked = { ...target, data: padRows(hole.data, { ...hole, bytes: 1 }, target) };
  await network.run(padded, marked);
  const box = { left: 0, top: 0, width, height };
  pasteHole(image, cutImage(padded, box), hole, box);
}

async function runReduced(network: ImageNetwork, image: Image, hole: Mask): Promise<void> {
  const { width, height } = image;
  const limit = paddedSize(network.size, image);
  const scale = Math.min(limit.width / width, limit.height / height);
  const small = {
    width: Math.max(1, Math.floor(width * scale)),
    height: Math.max(1, Math.floor(height * scale)),
  };
  const reduced = reduceWithHole(image, hole, small);
  // The colours of hole pixels are unknown, but the network's input must still look like an image.
  const seen = reduced.hole.data.includes(HOLE) ? reduced : { ...reduced, image: reduceImage(image, small) };
  await runPadded(network, seen.image, seen.hole);
  const enlarged = toBytes(enlarge(toFloats(seen.image), image));
  pasteHole(image, enlarged, hole, { left: 0, top: 0, width, height });
}

/** Pads pixels of this many bytes to the target's size by repeating the last column and then the last row. */
function padRows(
  data: Uint8Array,
  { width, height, bytes }: Size & { readonly bytes: number },
  target: Size,
): Uint8Array {
  const padded = new Uint8Array(target.width * target.height * bytes);
  const [from, to] = [width * bytes, target.width * bytes];
  for (let y = 0; y < target.height; y++) {
    const row = padded.subarray(y * to, (y + 1) * to);
    const start = Math.min(y, height - 1) * from;
    row.set(data.subarray(start, start + from));
    for (let i = from; i < to; i++) row[i] = row[i - bytes];
  }
  return padded;
}
