/** How an image is resized to a network's input. */
export type ResizeRule =
  /** The short side becomes `shortSide`, then the middle is cut out. */
  | { readonly rule: 'crop'; readonly shortSide: number }
  /** Both sides are scaled independently. */
  | { readonly rule: 'stretch' }
  /** The whole image is kept; what is left over gets the colour `fill` (0 to 255 for each channel). */
  | { readonly rule: 'letterbox'; readonly fill: readonly [number, number, number] };

/** How pixels between pixels are found; all but `nearest` look at everything that is scaled down into one pixel. */
export type Interpolation = 'nearest' | 'bilinear' | 'bicubic' | 'lanczos';

/** Who decodes the usual JPEGs that are classified; all other images are sharp's. */
export const JPEG_DECODERS = ['webassembly', 'sharp'] as const;

/** One of {@link JPEG_DECODERS}. */
export type JpegDecoderName = (typeof JPEG_DECODERS)[number];

/** Order of the colour channels in the tensor. */
export type ChannelOrder = 'RGB' | 'BGR' | 'GRAY';

/** Order of the axes in the tensor. */
export type TensorLayout = 'NCHW' | 'NHWC';

/** How a decoded image gets its size and channels; what the media side has to know of {@link Preprocessing}. */
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
 * The whole way from an image to a network's input, with every preset already resolved: an element is
 * `pixel * factor[c] + shift[c]`, with pixels from 0 to 255 and `c` counted in `channelOrder`.
 */
export interface Preprocessing {
  readonly shape: ImageShape;
  readonly channelOrder: ChannelOrder;
  readonly layout: TensorLayout;
  readonly factor: readonly number[];
  readonly shift: readonly number[];
}
