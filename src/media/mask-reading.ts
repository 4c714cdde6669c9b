import type { MaskReading } from '../domain/dataset.js';
import type { MaskPaint } from '../domain/mask-paint.js';
import { AppError } from '../errors/app-error.js';
import { countColours, type MaskColours } from './mask-colours.js';
import { COPY, compareWithSource, VIDEO_COPY, type SourceComparison } from './mask-copy.js';
import { withoutDots, withoutSpecks } from './mask-specks.js';
import type { Image } from '../vision/image/image.js';

/** Grey values above this are hole. */
const MASK_THRESHOLD = 127;

/** A mask image whose paint was detected. */
export interface ReadMask {
  /** 255 hole, 0 known. */
  readonly mask: Uint8Array;
  /** Part of the pixels that is hole, 0 to 1. */
  readonly share: number;
  /** Part of the pixels that was neither black nor white, 0 to 1. */
  readonly nonBinaryShare: number;
  readonly reading: MaskReading;
  /** Whether much of the mask was grey, so that the threshold decided. */
  readonly grey: boolean;
  /** The value that was taken as hole where a mask has that one and 0 only, and it is no white; null elsewhere. */
  readonly index: number | null;
}

/** Whether a pixel is paint, by its four bytes. */
type Paint = (red: number, green: number, blue: number, alpha: number) => boolean;

/** Pixels of a strong colour below this are noise. */
const FEWEST_STRONG = 4;
/** Grey between black and white beyond this share is no mask, unless it is drawn in few tones. */
const MOST_GREY = 0.5;
const MOST_GREY_OF_PHOTO = 0.2;
/** Soft borders have less. */
const MUCH_GREY = 0.2;
/** Below this share of the visible pixels a kind of pixel is an accident. */
const ACCIDENT = 0.005;
/** Paint that covers more of the border than this is likely to be the ground. */
const GROUND_SHARE = 0.25;

/**
 * Tells what in a mask image is paint: white (above 127) on darker ground, a strong colour on black or white ground,
 * the transparency of an otherwise opaque image, opaque paint on a transparent layer, or what differs from the
 * source where the mask is a copy of it. Nothing is inverted: black on white is white paint.
 * @param sourceIsFrame whether the source is the frame of a video that the mask may be a screenshot of: players convert
 *   colours each in their own way
 * @throws AppError MASK_UNCLEAR if the paint is ambiguous
 */
export async function readMaskPaint(
  image: Image,
  loadSource?: () => Promise<Image>,
  sourceIsFrame = false,
): Promise<ReadMask> {
  const index = readIndex(image);
  if (index !== null) {
    const hole = paintMask(image, (red) => red === index);
    return { ...hole, nonBinaryShare: hole.share, reading: 'white', grey: false, index };
  }
  const colours = countColours(image);
  const found = findPaint(colours);
  const nonBinaryShare = 1 - colours.binary / colours.whole.total;
  const grey = colours.whole.clear === 0 && found?.reading === 'white' && nonBinaryShare > MUCH_GREY;
  // A drawing in colour may as well be the image itself, painted over.
  const compared = found === null || found.reading === 'colour' ? await loadSource?.() : undefined;
  const copy = compared && compareWithSource(image, compared, sourceIsFrame ? VIDEO_COPY : COPY);
  if (copy && (found === null || copy.isLikelyCopy))
    return {
      ...withoutNoise({ ...image, data: copy.mask }, copy, sourceIsFrame),
      nonBinaryShare,
      reading: 'difference',
      grey: false,
      index,
    };
  if (found) {
    const marked = paintMask(image, paintOf(found.rule));
    if (marked.share === 0 && found.reading === 'white') refuseDark(image);
    return { ...marked, nonBinaryShare, reading: found.reading, grey, index };
  }
  throw unclear();
}

/** What the coding of a copy has changed is no paint. */
function withoutNoise(
  differing: Image,
  { mask, share, isLossy }: SourceComparison,
  sourceIsFrame: boolean,
): Pick<ReadMask, 'mask' | 'share'> {
  if (sourceIsFrame) return withoutSpecks(differing);
  return isLossy ? withoutDots(differing) : { mask, share };
}

/** The error of a mask whose paint is ambiguous. */
export function unclear(): AppError {
  return new AppError('MASK_UNCLEAR', {
    message:
      'The paint in the mask is ambiguous. Paint white on black, or a strong colour on black or white or over a ' +
      'copy of what is to be filled, or erase the part of an otherwise opaque image.',
  });
}

/**
 * Masks of data sets mark a class by its number: 1, or another one that is no white, on 0. Several numbers do not say which of
 * them is meant.
 * @returns the number; null for all other masks
 */
function readIndex({ data }: Image): number | null {
  let index: number | null = null;
  for (let at = 0; at < data.length; at += 4) {
    const value = data[at];
    if (value !== data[at + 1] || value !== data[at + 2] || data[at + 3] !== 255) return null;
    if (value === 0 || value === index) continue;
    if (index !== null || value > MASK_THRESHOLD) return null;
    index = value;
  }
  return index;
}

/** @throws AppError MASK_EMPTY for a mask that is not black and yet has no white */
function refuseDark({ data }: Image): void {
  const values = new Set<number>();
  for (let at = 0; at < data.length; at += 4)
    if (data[at + 3] >= 128) values.add(luma(data[at], data[at + 1], data[at + 2]));
  const most = Math.max(...values);
  if (most === 0) return;
  throw new AppError('MASK_EMPTY', {
    message:
      `The mask marks nothing: its values (${String(values.size)} different ones) only reach ${String(most)} of 255, ` +
      'and values above 127 are hole. Make what is to be filled 255 and all else 0.',
  });
}

/** The paint in a mask of these colours; null if it is ambiguous. */
export function findPaint(colours: MaskColours): Found | null {
  return colours.whole.clear > 0 ? readLayer(colours) : readOpaque(colours);
}

/** How a mask is read. */
export interface Found {
  readonly reading: MaskReading;
  readonly rule: MaskPaint;
}

const isErased: Paint = (_red, _green, _blue, alpha) => alpha < 128;
const isLaid: Paint = (_red, _green, _blue, alpha) => alpha >= 128;

/** Whether a pixel is paint by a rule. Differences are found by {@link compareWithSource} instead. */
export function paintOf(rule: MaskPaint): Paint {
  switch (rule.kind) {
    case 'erased':
      return isErased;
    case 'laid':
      return isLaid;
    case 'onBlack':
      return (red, green, blue) => Math.max(red, green, blue) > rule.level;
    case 'onWhite':
      return (red, green, blue) => 255 - Math.min(red, green, blue) > rule.depth;
    case 'light':
    case 'visibleLight':
    case 'difference':
      return isWhite;
  }
}

/** Of equal channels exactly their value. */
const luma = (red: number, green: number, blue: number): number =>
  Math.round((299 * red + 587 * green + 114 * blue) / 1000);

const isWhite: Paint = (red, green, blue, alpha) => alpha >= 128 && luma(red, green, blue) > MASK_THRESHOLD;

/** A mask with transparent parts: they are either what was erased or the ground of a painted layer. */
function readLayer({ whole, border, flat }: MaskColours): Found | null {
  const visible = whole.total - whole.clear;
  const [dark, light, strong] = [whole.dark, whole.light, whole.strong].map(
    (kind) => kind > ACCIDENT * visible,
  );
  const clearBorder = border.clear / border.total;
  if (!flat || visible === 0) return { reading: 'transparency', rule: { kind: 'erased' } };
  // A finished mask with something erased could mean either.
  if (dark && (light || strong))
    return clearBorder > GROUND_SHARE ? { reading: 'white', rule: { kind: 'visibleLight' } } : null;
  if (clearBorder <= GROUND_SHARE) return { reading: 'transparency', rule: { kind: 'erased' } };
  if (light || strong) return { reading: strong ? 'colour' : 'white', rule: { kind: 'laid' } };
  // Black strokes on a layer, or black with most of it erased.
  return clearBorder > 0.9 ? null : { reading: 'transparency', rule: { kind: 'erased' } };
}

function readOpaque(colours: MaskColours): Found | null {
  const { whole, flat } = colours;
  const grey = (whole.total - whole.dark - whole.light - whole.strong) / whole.total;
  if (whole.strong >= FEWEST_STRONG) return flat ? readColour(colours) : null;
  if (grey > (flat ? MOST_GREY : MOST_GREY_OF_PHOTO)) return null;
  return { reading: 'white', rule: { kind: 'light' } };
}

/** A drawing with strong colours: its ground is black or white. */
function readColour({ whole, border, paintLevel, paintDepth }: MaskColours): Found | null {
  const [isDark, isLight] = [whole.dark, whole.light].map((kind) => kind > ACCIDENT * whole.total);
  const brightness = Math.min(MASK_THRESHOLD, paintLevel / 2);
  const onBlack: Found = {
    reading: 'colour',
    rule: { kind: 'onBlack', level: brightness },
  };
  // Black is never paint, so that it is the ground wherever it lies, unless white surrounds it.
  if (isDark) return isLight && border.light > border.dark ? null : onBlack;
  if (!isLight || border.light <= border.strong) return null;
  const depth = Math.min(MASK_THRESHOLD, paintDepth / 2);
  return { reading: 'colour', rule: { kind: 'onWhite', depth } };
}

/** Grey values above {@link MASK_THRESHOLD} as 255, all others as 0: frames of mask videos. */
export function thresholdMask(grey: Uint8Array): Pick<ReadMask, 'mask' | 'share' | 'nonBinaryShare'> {
  const mask = new Uint8Array(grey.length);
  let [holes, nonBinary] = [0, 0];
  for (const [pixel, value] of grey.entries()) {
    if (value !== 0 && value !== 255) nonBinary += 1;
    if (value <= MASK_THRESHOLD) continue;
    mask[pixel] = 255;
    holes += 1;
  }
  return { mask, share: holes / mask.length, nonBinaryShare: nonBinary / mask.length };
}

/** The painted pixels of a mask. */
export function paintMask({ width, height, data }: Image, paint: Paint): Pick<ReadMask, 'mask' | 'share'> {
  const mask = new Uint8Array(width * height);
  let holes = 0;
  for (let pixel = 0, at = 0; pixel < mask.length; pixel += 1, at += 4) {
    if (!paint(data[at], data[at + 1], data[at + 2], data[at + 3])) continue;
    mask[pixel] = 255;
    holes += 1;
  }
  return { mask, share: holes / mask.length };
}
