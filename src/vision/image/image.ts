/** Width and height in whole pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * An image in memory: rows from top to bottom without padding, the channels of a pixel next to each other. The length
 * of `data` gives the number of channels ({@link channelsOf}): 1 is grey, 3 is sRGB, 4 is sRGB with alpha. Bytes
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

/** The bytes of a floating-point RGB image, rounded and clamped. */
export function toBytes(image: FloatImage): Uint8Array {
  // Uint8ClampedArray rounds halves to even and clamps, as the result is defined to.
  return new Uint8Array(Uint8ClampedArray.from(image.data).buffer);
}
