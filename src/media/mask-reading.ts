import type { MaskReading } from '../domain/dataset.js';
import type { MaskPaint } from '../domain/mask-paint.js';
import { AppError } from '../errors/app-error.js';
import { countColours, type MaskColours } from './mask-colours.js';
import { COPY, compareWithSource, VIDEO_COPY, type SourceComparison } from './mask-copy.js';
import { withoutDots, withoutSpecks } from './mask-specks.js';
import type { Image } from '../vision/image/image.js';

/** Grey values above this are hole. */
const MASK_THRESHOLD = 127;

/** A mask image whose painted area was detected. */
export interface ReadMask {
  /** 255 hole, 0 known. */
  readonly mask: Uint8Array;
  /** Share of the pixels that is hole, 0 to 1. */
  readonly share: number;
  /** Share of the pixels that were neither black nor white, 0 to 1. */
  readonly nonBinaryShare: number;
  readonly reading: MaskReading;
  /** Whether much of the mask was grey, so that the threshold decided. */
  readonly grey: boolean;
  /** The value treated as hole if a mask contains only 0 and one value that is not white; otherwise null. */
  readonly index: number | null;
}

/** Whether a pixel is paint, given its four channels. */
type Paint = (red: number, green: number, blue: number, alpha: number) => boolean;

/** Fewer pixels of a strong colour are noise. */
const MIN_STRONG = 4;
/** With a larger share of grey pixels an image is not a mask, unless it has few tones. */
const MAX_GREY = 0.5;
const MAX_GREY_OF_PHOTO = 0.2;
/** Soft edges alone produce a smaller share of grey. */
const MUCH_GREY = 0.2;
/** A kind of pixel below this share of the visible pixels is ignored. */
const NOISE_SHARE = 0.005;
/** Paint that covers more of the border than this is probably the background. */
const GROUND_SHARE = 0.25;

/**
 * Detects which pixels of a mask image are paint: white (above 127) on a darker background; a strong colour
 * on a black or white background; the transparent part of an otherwise opaque image; opaque paint on a
 * transparent layer; or the differences from the source if the mask is a copy of it. Masks are never
 * inverted: black on white means that white is paint.
 * @param sourceIsFrame whether the source is a video frame of which the mask may be a screenshot; players
 *   convert colours differently
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
  // A coloured drawing may also be a painted copy of the source.
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

/** A mask whose hole is where an image is more transparent than opaque. @throws AppError MASK_EMPTY without alpha */
export function readTransparency(image: Image): ReadMask {
  const hole = paintMask(image, isErased);
  if (hole.share === 0)
    throw new AppError('MASK_EMPTY', {
      message: 'The image has no transparent pixels; with "alpha", its transparent part is the mask.',
    });
  let partial = 0;
  for (let at = 3; at < image.data.length; at += 4)
    if (image.data[at] > 0 && image.data[at] < 255) partial += 1;
  const nonBinaryShare = partial / hole.mask.length;
  return { ...hole, nonBinaryShare, reading: 'transparency', grey: false, index: null };
}

/** Removes differences that are only compression artefacts. */
function withoutNoise(
  differing: Image,
  { mask, share, isLossy }: SourceComparison,
  sourceIsFrame: boolean,
): Pick<ReadMask, 'mask' | 'share'> {
  if (sourceIsFrame) return withoutSpecks(differing);
  return isLossy ? withoutDots(differing) : { mask, share };
}

/** The error for a mask whose paint is ambiguous. */
export function unclear(): AppError {
  return new AppError('MASK_UNCLEAR', {
    message:
      'The paint in the mask is ambiguous. Paint white on black, or a strong colour on black or white or over a ' +
      'copy of the image, or erase the area in an otherwise opaque image.',
  });
}

/**
 * Masks of datasets mark a class by its number: 0 and one value that is not white. With several values it is
 * unclear which class is meant.
 * @returns the value; null for all other masks
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

/** @throws AppError MASK_EMPTY for a mask that is neither all black nor contains white */
function refuseDark({ data }: Image): void {
  const values = new Set<number>();
  for (let at = 0; at < data.length; at += 4)
    if (data[at + 3] >= 128) values.add(luma(data[at], data[at + 1], data[at + 2]));
  const most = Math.max(...values);
  if (most === 0) return;
  throw new AppError('MASK_EMPTY', {
    message:
      `The mask is empty: its ${String(values.size)} different values are at most ${String(most)} of 255, ` +
      'and only values above 127 are hole. Set the area to be filled to 255 and everything else to 0.',
  });
}

/** The paint in a mask with these colours; null when it is ambiguous. */
export function findPaint(colours: MaskColours): DetectedPaint | null {
  return colours.whole.clear > 0 ? readLayer(colours) : readOpaque(colours);
}

/** How a mask is read. */
export interface DetectedPaint {
  readonly reading: MaskReading;
  readonly rule: MaskPaint;
}

const isErased: Paint = (_red, _green, _blue, alpha) => alpha < 128;
const isLaid: Paint = (_red, _green, _blue, alpha) => alpha >= 128;

/**
 * Whether a pixel is paint according to a rule. Differences are found by {@link compareWithSource} instead.
 */
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

/** For equal channels exactly their value. */
const luma = (red: number, green: number, blue: number): number =>
  Math.round((299 * red + 587 * green + 114 * blue) / 1000);

const isWhite: Paint = (red, green, blue, alpha) => alpha >= 128 && luma(red, green, blue) > MASK_THRESHOLD;

/** Reads a mask with transparent parts: they were either erased, or are the background of a painted layer. */
function readLayer({ whole, border, flat }: MaskColours): DetectedPaint | null {
  const visible = whole.total - whole.clear;
  const [dark, light, strong] = [whole.dark, whole.light, whole.strong].map(
    (kind) => kind > NOISE_SHARE * visible,
  );
  const clearBorder = border.clear / border.total;
  if (!flat || visible === 0) return { reading: 'transparency', rule: { kind: 'erased' } };
  // A complete black and white mask with transparent parts is ambiguous.
  if (dark && (light || strong))
    return clearBorder > GROUND_SHARE ? { reading: 'white', rule: { kind: 'visibleLight' } } : null;
  if (clearBorder <= GROUND_SHARE) return { reading: 'transparency', rule: { kind: 'erased' } };
  if (light || strong) return { reading: strong ? 'colour' : 'white', rule: { kind: 'laid' } };
  // Black strokes on a layer, or a black image with most of it erased.
  return clearBorder > 0.9 ? null : { reading: 'transparency', rule: { kind: 'erased' } };
}

function readOpaque(colours: MaskColours): DetectedPaint | null {
  const { whole, flat } = colours;
  const grey = (whole.total - whole.dark - whole.light - whole.strong) / whole.total;
  if (whole.strong >= MIN_STRONG) return flat ? readColour(colours) : null;
  if (grey > (flat ? MAX_GREY : MAX_GREY_OF_PHOTO)) return null;
  return { reading: 'white', rule: { kind: 'light' } };
}

/** Reads a drawing with strong colours: its background is black or white. */
function readColour({ whole, border, paintLevel, paintDepth }: MaskColours): DetectedPaint | null {
  const [isDark, isLight] = [whole.dark, whole.light].map((kind) => kind > NOISE_SHARE * whole.total);
  const brightness = Math.min(MASK_THRESHOLD, paintLevel / 2);
  const onBlack: DetectedPaint = {
    reading: 'colour',
    rule: { kind: 'onBlack', level: brightness },
  };
  // Black is never paint here, so it is the background wherever it is, unless white surrounds it.
  if (isDark) return isLight && border.light > border.dark ? null : onBlack;
  if (!isLight || border.light <= border.strong) return null;
  const depth = Math.min(MASK_THRESHOLD, paintDepth / 2);
  return { reading: 'colour', rule: { kind: 'onWhite', depth } };
}

/** Grey values above {@link MASK_THRESHOLD} become 255, all others 0; used for frames of mask videos. */
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
