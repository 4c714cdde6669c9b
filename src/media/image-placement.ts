import type { ImageShape } from '../domain/preprocessing.js';
import type { Size } from '../vision/image/image.js';
import type { Box } from '../vision/image/box.js';

/** How an image is resized and placed in a network's input. All values are whole pixels. */
export interface ImagePlacement {
  /** Size of the whole image after resizing. */
  readonly whole: Size;
  /** Part of the resized image that is used. */
  readonly part: Box;
  /** Position of that part in the network's input. */
  readonly left: number;
  readonly top: number;
}

/** Placement of an image in a network's input, by the network's resize rule. */
export function placeImage(from: Size, { width, height, resize }: ImageShape): ImagePlacement {
  switch (resize.rule) {
    case 'stretch':
      return { whole: { width, height }, part: { width, height, left: 0, top: 0 }, left: 0, top: 0 };
    case 'crop': {
      const whole = coveringSize(from, resize.shortSide);
      const [left, top] = [whole.width - width, whole.height - height].map((room) => roundToEven(room / 2));
      return { whole, part: { width, height, left, top }, left: 0, top: 0 };
    }
    case 'letterbox': {
      const whole = fittingSize(from, { width, height });
      const [left, top] = [width - whole.width, height - whole.height].map((room) => Math.floor(room / 2));
      return { whole, part: { ...whole, left: 0, top: 0 }, left, top };
    }
  }
}

/**
 * Size of an image whose short side is `shortSide`; the long side is truncated to whole pixels, as
 * torchvision does.
 */
function coveringSize({ width, height }: Size, shortSide: number): Size {
  return width <= height
    ? { width: shortSide, height: Math.max(shortSide, Math.floor((shortSide * height) / width)) }
    : { width: Math.max(shortSide, Math.floor((shortSide * width) / height)), height: shortSide };
}

/** Largest size that fits into `frame`; the other side is rounded. */
function fittingSize({ width, height }: Size, frame: Size): Size {
  const scale = Math.min(frame.width / width, frame.height / height);
  return {
    width: Math.max(1, roundToEven(width * scale)),
    height: Math.max(1, roundToEven(height * scale)),
  };
}

/**
 * Rounds half to even, like Python's `round`, which torchvision's CenterCrop and Pillow's ImageOps.contain
 * use.
 */
function roundToEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
}

/**
 * The network's input: the image part at its position, surrounded by the letterbox colour.
 * @param pixels of the image part, three bytes each
 */
export function fillFrame(
  pixels: Uint8Array,
  { part, left, top }: ImagePlacement,
  { width, height, resize }: ImageShape,
): Uint8Array {
  if (resize.rule !== 'letterbox') return pixels;
  const frame = Buffer.alloc(width * height * 3, Buffer.from(resize.fill));
  for (let row = 0; row < part.height; row += 1) {
    const line = pixels.subarray(row * part.width * 3, (row + 1) * part.width * 3);
    frame.set(line, ((top + row) * width + left) * 3);
  }
  return frame;
}
