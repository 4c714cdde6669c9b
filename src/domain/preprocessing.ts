/** How an image is resized to a network's input. */
export type ResizeRule =
  /** The short side is scaled to `shortSide`, then the centre is cropped. */
  | { readonly rule: 'crop'; readonly shortSide: number }
  /** Both sides are scaled independently. */
  | { readonly rule: 'stretch' }
  /** The whole image is kept; the padding has the colour `fill` (0 to 255 for each channel). */
  | { readonly rule: 'letterbox'; readonly fill: readonly [number, number, number] };

/** Interpolation; all except `nearest` average all source pixels when scaling down. */
export type Interpolation = 'nearest' | 'bilinear' | 'bicubic' | 'lanczos';

/** Decoders for ordinary JPEGs in classification; sharp decodes all other images. */
export const JPEG_DECODERS = ['webassembly', 'sharp'] as const;

/** One of {@link JPEG_DECODERS}. */
export type JpegDecoderName = (typeof JPEG_DECODERS)[number];

/** Order of the colour channels in the tensor. */
export type ChannelOrder = 'RGB' | 'BGR' | 'GRAY';

/** Order of the axes in the tensor. */
export type TensorLayout = 'NCHW' | 'NHWC';

/** Size and channels of a decoded image: the part of {@link Preprocessing} that the decoder needs. */
export interface ImageShape {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly resize: ResizeRule;
  readonly interpolation: Interpolation;
  /** Colour behind transparent pixels, 0 to 255 for each channel. */
  readonly background: readonly [number, number, number];
}

/**
 * Complete preprocessing from an image to a network's input, with presets resolved: an element is `pixel * factor[c] +
 * shift[c]`, with pixels from 0 to 255 and `c` in `channelOrder`.
 */
export interface Preprocessing {
  readonly shape: ImageShape;
  readonly channelOrder: ChannelOrder;
  readonly layout: TensorLayout;
  readonly factor: readonly number[];
  readonly shift: readonly number[];
}
