/** Width and height in whole pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * An image in memory: rows from top to bottom without padding, the channels of a pixel next to each other. The length
 * of `data` tells how many channels there are ({@link channelsOf}): 1 is grey, 3 is sRGB, 4 is sRGB with alpha. Bytes
 * unless said otherwise; floating-point colours have the same range, 0 to 255.
 */
export interface Image<Data extends Uint8Array | Float32Array = Uint8Array> extends Size {
  readonly data: Data;
}

/** An image in floating-point numbers, not rounded; its channels may be more than colours. */
export type FloatImage = Image<Float32Array>;

/** Channels of an image. */
export const channelsOf = ({ width, height, data }: Image<Uint8Array | Float32Array>): number =>
  data.length / (width * height);

/** What is missing in a picture: one byte a pixel, 1 = hole, 0 = known. */
export interface HoleMask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Rectangle of whole pixels. */
export interface PixelBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The bytes of a floating-point RGB picture, rounded and clamped. */
export function toBytes(picture: FloatImage): Uint8Array {
  // Uint8ClampedArray rounds halves to even and clamps, as the result is defined to.
  return new Uint8Array(Uint8ClampedArray.from(picture.data).buffer);
}

/** A picture's part inside a box that lies within it. */
export function cutPicture({ width, data }: Image, box: PixelBox): Image {
  return { width: box.width, height: box.height, data: cutRows(data, width * 3, scaledBox(box, 3)) };
}

/** A mask's part inside a box that lies within it. */
export function cutMask({ width, data }: HoleMask, box: PixelBox): HoleMask {
  return { width: box.width, height: box.height, data: cutRows(data, width, box) };
}

/** Writes the hole pixels of `piece`, which lies at `box`, into `target`; everything known stays untouched. */
export function pasteHole(target: Image, piece: Image, hole: HoleMask, box: PixelBox): void {
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

const scaledBox = (box: PixelBox, channels: number): PixelBox => ({
  ...box,
  left: box.left * channels,
  width: box.width * channels,
});

function cutRows(data: Uint8Array, stride: number, { left, top, width, height }: PixelBox): Uint8Array {
  const cut = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const start = (top + y) * stride + left;
    cut.set(data.subarray(start, start + width), y * width);
  }
  return cut;
}
