import type { InpaintingNetwork } from './inpainting-network.js';
import { toBytes, type Size, type Image } from '../../vision/image/image.js';
import { enlarge, reduceImage, reduceWithHole, toFloats } from '../../vision/image/resample.js';
import { HOLE, type Mask } from '../../vision/image/mask.js';
import { cutImage, pasteHole } from '../../vision/image/cut-and-paste.js';

/** What a fill needs of a network. */
export type ImageNetwork = Pick<InpaintingNetwork, 'size' | 'run'>;

/** The smallest size that a network takes and that holds `size`; for a network of fixed size, that. */
export function paddedSize(size: ImageNetwork['size'], { width, height }: Size): Size {
  if (size.kind === 'fixed') return { width: size.width, height: size.height };
  const fit = (side: number): number => Math.max(size.min, Math.ceil(side / size.of) * size.of);
  return { width: fit(width), height: fit(height) };
}

/**
 * Has a network write the hole pixels of an image of any size that fits it: padded by repeating the border, or reduced
 * for a fixed size.
 */
export async function runPadded(network: ImageNetwork, image: Image, hole: Mask): Promise<void> {
  const { width, height } = image;
  const target = paddedSize(network.size, image);
  if (target.width === width && target.height === height) return network.run(image, hole);
  if (target.width < width || target.height < height) return runReduced(network, image, hole);
  // Where the border's pixels are hole, what repeats them is hole too.
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
  // Colours of the hole are unknown; what the network sees there must still be an image.
  const seen = reduced.hole.data.includes(HOLE) ? reduced : { ...reduced, image: reduceImage(image, small) };
  await runPadded(network, seen.image, seen.hole);
  const enlarged = toBytes(enlarge(toFloats(seen.image), image));
  pasteHole(image, enlarged, hole, { left: 0, top: 0, width, height });
}

/** Pixels of so many bytes, with the last column and then the last row repeated up to the target's size. */
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
