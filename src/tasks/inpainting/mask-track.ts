import { openFrameStream } from '../../media/frame-stream.js';
import { probeStoredVideo } from '../../media/stored-video.js';
import { readMask } from '../../media/image-file.js';
import { compareWithSource, VIDEO_COPY } from '../../media/mask-copy.js';
import { paintMask, paintOf, thresholdMask } from '../../media/mask-reading.js';
import { withoutSpecks } from '../../media/mask-specks.js';
import type { ColourConversion } from '../../media/ffmpeg-arguments.js';
import type { DetectedMasks } from './detected-masks.js';
import { maskName, type InpaintingItem } from './plan.js';
import type { ItemWork } from './item-work.js';
import { type Mask, countHoles } from '../../vision/image/mask.js';
import { growWithin } from '../../vision/image/mask-growth.js';
import type { Image } from '../../vision/image/image.js';

/** The mask of one frame in all its forms. */
export interface FrameMask {
  readonly hole: Mask;
  readonly grown: Mask;
  readonly weight: Image;
  /** Number of pixels that will be filled. */
  readonly filled: number;
  /** Part of the mask's pixels that was neither black nor white; 0 for images, which were cut at upload. */
  readonly nonBinaryShare: number;
  /** Whether the mask covers the whole frame, which therefore stays as it is. */
  readonly covered: boolean;
  /** What the user should know of how the mask was grown. */
  readonly warning: string | null;
}

function prepare(marked: Mask, nonBinaryShare: number, work: ItemWork): FrameMask {
  const covered = marked.data.every((value) => value > 0);
  const hole = covered ? { ...marked, data: new Uint8Array(marked.data.length) } : marked;
  const grown = growWithin(hole, work.params);
  return { hole, ...grown, filled: countHoles(grown.grown.data), nonBinaryShare, covered };
}

/** A frame of the source: its mask is looked up by time, or by comparison. */
interface MaskedFrame {
  readonly timeSeconds: number;
  readonly rgb: Uint8Array;
}

/** The mask of every frame of a video: one image for all, a video of its own, or what a detector finds in it. */
export type MaskTrack = (frame: MaskedFrame) => Promise<FrameMask>;

/**
 * Opens the mask of a video. A mask video is followed by time; its last frame holds on where it ends earlier. The
 * track must be asked in ascending order of time, and is closed by `close`.
 * @param colours how the frames of the source are read; a mask that is compared with them is read likewise
 */
export async function openMaskTrack(
  work: ItemWork,
  item: InpaintingItem,
  colours: ColourConversion,
): Promise<{ at: MaskTrack; close(): Promise<void> }> {
  if (work.masks)
    return { at: detectedTrack(work, work.masks.ofVideo(item), item), close: async () => undefined };
  const file = work.engine.mediaPaths[maskName(item)];
  const stored = storedMask(item);
  if (stored.kind === 'video') return openMaskVideo(work, item, { file, colours });
  const hole = await readMask(file, stored.width * stored.height);
  const mask = prepare(hole, 0, work);
  return { at: () => Promise.resolve(mask), close: () => Promise.resolve() };
}

/** Masks of what a detector finds in each frame. */
function detectedTrack(
  work: ItemWork,
  maskOf: ReturnType<DetectedMasks['ofVideo']>,
  { source: { width, height } }: InpaintingItem,
): MaskTrack {
  let index = 0;
  return async ({ timeSeconds, rgb }) => {
    const mask = await maskOf({ index, timeSeconds, image: { width, height, data: rgb } });
    index += 1;
    return prepare(mask, 0, work);
  };
}

/** The mask that was uploaded with an item. @throws Error for a plan that names neither a mask nor a detector */
function storedMask({ mask, number }: InpaintingItem): NonNullable<InpaintingItem['mask']> {
  if (mask) return mask;
  throw new Error(`The plan has no mask of item ${String(number)}.`);
}

/** Where a frame of a mask video is painted, next to the source's frame at that time. */
type ReadFrame = (data: Uint8Array, rgb: Uint8Array) => { mask: Uint8Array; nonBinaryShare: number };

/** Reads frames by the rule that was decided at the upload; older uploads have none and are white on black. */
function frameReader({ source: { width, height }, maskPaint }: InpaintingItem): {
  readonly format: 'gray' | 'rgba';
  readonly read: ReadFrame;
} {
  if (maskPaint === undefined || maskPaint.kind === 'light') return { format: 'gray', read: thresholdMask };
  const paint = paintOf(maskPaint);
  const image = (data: Uint8Array) => ({ width, height, data });
  if (maskPaint.kind !== 'difference')
    return {
      format: 'rgba',
      read: (data) => ({ mask: paintMask(image(data), paint).mask, nonBinaryShare: 0 }),
    };
  return {
    format: 'rgba',
    read: (data, rgb) => {
      const compared = compareWithSource(image(data), image(rgb), VIDEO_COPY);
      // For example another scene: if it is not a copy, the paint is ambiguous.
      const mask = compared ? withoutSpecks(image(compared.mask)).mask : new Uint8Array(width * height);
      return { mask, nonBinaryShare: 0 };
    },
  };
}

async function openMaskVideo(
  work: ItemWork,
  item: InpaintingItem,
  { file, colours }: { readonly file: string; readonly colours: ColourConversion },
) {
  const { ffmpeg: tools, signal } = work.engine;
  // A mask video may be smaller than its source.
  const { width, height } = item.source;
  const { format, read } = frameReader(item);
  const probe = await probeStoredVideo(file, storedMask(item), { tools, signal, decode: 'all' });
  const frames = openFrameStream({
    path: file,
    probe,
    plan: { start: 0, end: probe.frameCount, step: 1 },
    workingSize: { width, height },
    format,
    ...(item.maskPaint?.kind === 'difference' && { colours }),
    tools,
    signal,
  });
  const halfFrame = probe.fps.den / probe.fps.num / 2;
  let next = await frames.next();
  let shown: FrameMask | undefined;
  const at: MaskTrack = async ({ timeSeconds, rgb }) => {
    let latest: Uint8Array | undefined;
    const isFirst = () => shown === undefined && latest === undefined;
    while (!next.done && (isFirst() || next.value.timeSeconds <= timeSeconds + halfFrame)) {
      latest = next.value.data;
      next = await frames.next();
    }
    if (latest === undefined && shown) return shown;
    const { mask, nonBinaryShare } = latest
      ? read(latest, rgb)
      : { mask: new Uint8Array(width * height), nonBinaryShare: 0 };
    return (shown = prepare({ width, height, data: mask }, nonBinaryShare, work));
  };
  return { at, close: async () => void (await frames.return()) };
}
