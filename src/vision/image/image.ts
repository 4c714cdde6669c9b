/** 8-bit sRGB, interleaved, row by row: `data.length` is `width * height * 3`. */
export interface RgbPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** What is missing in a picture: one byte a pixel, 1 = hole, 0 = known. */
export interface HoleMask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Interleaved floating-point channels of a picture; colour is in 0..255. */
export interface FloatPicture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Float32Array;
}

/** Rectangle of whole pixels. */
export interface PixelBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The bytes of a floating-point RGB picture, rounded and clamped. */
export function toBytes(picture: FloatPicture): Uint8Array {
  // Uint8ClampedArray rounds halves to even and clamps, as the result is defined to.
  return new Uint8Array(Uint8ClampedArray.from(picture.data).buffer);
}

/** A picture's part inside a box that lies within it. */
export function cutPicture({ width, data }: RgbPicture, box: PixelBox): RgbPicture {
  return { width: box.width, height: box.height, data: cutRows(data, width * 3, scaledBox(box, 3)) };
}

/** A mask's part inside a box that lies within it. */
export function cutMask({ width, data }: HoleMask, box: PixelBox): HoleMask {
  return { width: box.width, height: box.height, data: cutRows(data, width, box) };
}

/** Writes the hole pixels of `piece`, which lies at `box`, into `target`; everything known stays untouched. */
export function pasteHole(target: RgbPicture, piece: RgbPicture, hole: HoleMask, box: PixelBox): void {
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
