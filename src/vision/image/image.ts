/** Width and height in whole pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * An image in memory: rows from top to bottom without padding, channels interleaved. The number of channels follows
 * from the length of `data` ({@link channelsOf}): 1 is grey, 3 is sRGB, 4 is sRGB with alpha. Bytes unless said
 * otherwise; floating-point colours have the same range, 0 to 255.
 */
export interface Image<Data extends Uint8Array | Float32Array = Uint8Array> extends Size {
  readonly data: Data;
}

/** An image of unrounded floating-point values; its channels may hold more than colours. */
export type FloatImage = Image<Float32Array>;

/** Number of channels of an image. */
export const channelsOf = ({ width, height, data }: Image<Uint8Array | Float32Array>): number =>
  data.length / (width * height);

/** Converts a floating-point RGB image to bytes, rounded and clamped. */
export function toBytes({ width, height, data }: FloatImage): Image {
  // Uint8ClampedArray clamps and rounds half to even, which is the documented rounding.
  return { width, height, data: new Uint8Array(Uint8ClampedArray.from(data).buffer) };
}
