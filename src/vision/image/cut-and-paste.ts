import type { Box } from './box.js';
import { channelsOf, type Image } from './image.js';
import type { Mask } from './mask.js';

/** The part of an image inside a box. The box must lie within the image. */
export function cutImage(image: Image, box: Box): Image {
  const { width, height } = box;
  const channels = channelsOf(image);
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const from = ((box.top + y) * image.width + box.left) * channels;
    data.set(image.data.subarray(from, from + width * channels), y * width * channels);
  }
  return { width, height, data };
}

/** The part of a mask inside a box. The box must lie within the mask. */
export const cutMask = (mask: Mask, box: Box): Mask => cutImage(mask, box);

/** Copies the hole pixels of `piece`, which lies at `box`, into `target`; known pixels are unchanged. */
export function pasteHole(target: Image, piece: Image, hole: Mask, box: Box): void {
  for (let y = 0; y < box.height; y++) {
    let from = y * box.width;
    let to = ((y + box.top) * target.width + box.left) * 3;
    for (let x = 0; x < box.width; x++, from++, to += 3) {
      if (hole.data[from] === 0) continue;
      target.data[to] = piece.data[from * 3];
      target.data[to + 1] = piece.data[from * 3 + 1];
      target.data[to + 2] = piece.data[from * 3 + 2];
    }
  }
}
