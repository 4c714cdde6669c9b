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

/** The mask of one frame: as read, grown, and as blend weights. */
export interface FrameMask {
  readonly hole: Mask;
  readonly grown: Mask;
  readonly weight: Image;
  /** Number of pixels to fill. */
  readonly filled: number;
  /** Share of mask pixels that were neither black nor white; 0 for images, which were thresholded at upload. */
  readonly nonBinaryShare: number;
  /** Whether the mask covers the whole frame, which is then left unchanged. */
  readonly covered: boolean;
  /** Warning about how the mask was grown. */
  readonly warning: string | null;
}

function prepare(marked: Mask, nonBinaryShare: number, work: ItemWork): FrameMask {
  const covered = marked.data.every((value) => value > 0);
  const hole = covered ? { ...marked, data: new Uint8Array(marked.data.length) } : marked;
  const grown = growWithin(hole, work.params);
  return { hole, ...grown, filled: countHoles(grown.grown.data), nonBinaryShare, covered };
}

/** A frame of the source; its mask is found by time, or by comparing the images. */
interface MaskedFrame {
  readonly timeSeconds: number;
  readonly image: Image;
}

/** Returns the mask of a video frame: from one image for all frames, from a mask video, or from detections. */
export type MaskTrack = (frame: MaskedFrame) => Promise<FrameMask>;

/**
 * Opens the mask of a video. A mask video is read by time; when it ends early, its last frame stays in use. Frames must
 * be requested in ascending order of time. Must be closed with `close`.
 * @param colours colour conversion of the source frames; a mask that is compared with them is read in the same way
 */
export async function openMaskTrack(
  work: ItemWork,
  item: InpaintingItem,
  colours: ColourConversion,
): Promise<{ at: MaskTrack; close(): Promise<void> }> {
  if (work.masks) return { at: detectedTrack(work, work.masks.ofVideo(item)), close: async () => undefined };
  const file = work.engine.mediaPaths[maskName(item)];
  const stored = storedMask(item);
  if (stored.kind === 'video') return openMaskVideo(work, item, { file, colours });
  const hole = await readMask(file, stored.width * stored.height);
  const mask = prepare(hole, 0, work);
  return { at: () => Promise.resolve(mask), close: () => Promise.resolve() };
}

/** Creates masks from the detections in each frame. */
function detectedTrack(work: ItemWork, maskOf: ReturnType<DetectedMasks['ofVideo']>): MaskTrack {
  let index = 0;
  return async ({ timeSeconds, image }) => {
    const mask = await maskOf({ index, timeSeconds, image });
    index += 1;
    return prepare(mask, 0, work);
  };
}

/**
 * The mask that was uploaded with an item.
 * @throws Error for a plan that names neither a mask nor a detector
 */
function storedMask({ mask, number }: InpaintingItem): NonNullable<InpaintingItem['mask']> {
  if (mask) return mask;
  throw new Error(`The plan has no mask of item ${String(number)}.`);
}

/** Extracts the painted pixels of a mask frame, given the source frame at the same time. */
type ReadFrame = (data: Uint8Array, source: Image) => { mask: Uint8Array; nonBinaryShare: number };

/** Reads frames by the rule determined at upload; older uploads have no rule and are white on black. */
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
    read: (data, source) => {
      const compared = compareWithSource(image(data), source, VIDEO_COPY);
      // A frame that is not a copy of the source, such as another scene, has no unambiguous paint.
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
  // A mask video may be smaller than its source, so it is scaled to the source's size.
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
  const at: MaskTrack = async ({ timeSeconds, image }) => {
    let latest: Uint8Array | undefined;
    const isFirst = () => shown === undefined && latest === undefined;
    while (!next.done && (isFirst() || next.value.timeSeconds <= timeSeconds + halfFrame)) {
      latest = next.value.data;
      next = await frames.next();
    }
    if (latest === undefined && shown) return shown;
    const { mask, nonBinaryShare } = latest
      ? read(latest, image)
      : { mask: new Uint8Array(width * height), nonBinaryShare: 0 };
    return (shown = prepare({ width, height, data: mask }, nonBinaryShare, work));
  };
  return { at, close: async () => void (await frames.return()) };
}
