import { openFrameStream } from '../../media/frame-stream.js';
import { probeStoredVideo } from '../../media/stored-video.js';
import { readMask } from '../../media/picture-file.js';
import { thresholdMask } from '../../media/mask-reading.js';
import { maskName, type InpaintingItem } from './definition.js';
import type { ItemWork } from './item-work.js';
import { countSet, growMask, type Plane } from './mask-kernels.js';

/** The mask of one frame in all its forms. */
export interface FrameMask {
  readonly hole: Plane;
  readonly grown: Plane;
  readonly weight: Plane;
  /** Number of pixels that will be filled. */
  readonly filled: number;
  /** Part of the mask's pixels that was neither black nor white; 0 for pictures, which were cut at upload. */
  readonly nonBinaryShare: number;
}

function prepare(hole: Plane, nonBinaryShare: number, work: ItemWork): FrameMask {
  const { grown, weight } = growMask(hole, work.params);
  return { hole, grown, weight, filled: countSet(grown.data), nonBinaryShare };
}

/** The mask of every frame of a video: one picture for all, or a video of its own. */
export type MaskTrack = (timeSeconds: number) => Promise<FrameMask>;

/**
 * Opens the mask of a video. A mask video is followed by time; its last frame holds on where it ends earlier. The
 * track must be asked in ascending order of time, and is closed by `close`.
 */
export async function openMaskTrack(
  work: ItemWork,
  item: InpaintingItem,
): Promise<{ at: MaskTrack; close(): Promise<void> }> {
  const file = work.engine.mediaPaths[maskName(item)];
  if (item.mask.kind === 'video') return openMaskVideo(work, item, file);
  const hole = await readMask(file, item.mask.width * item.mask.height);
  const mask = prepare(hole, 0, work);
  return { at: () => Promise.resolve(mask), close: () => Promise.resolve() };
}

async function openMaskVideo(work: ItemWork, item: InpaintingItem, file: string) {
  const { ffmpeg: tools, signal } = work.engine;
  // A mask video may be smaller than its source.
  const { width, height } = item.source;
  const probe = await probeStoredVideo(file, item.mask, { tools, signal, decode: 'all' });
  const frames = openFrameStream({
    path: file,
    probe,
    plan: { start: 0, end: probe.frameCount, step: 1 },
    workingSize: { width, height },
    format: 'gray',
    tools,
    signal,
  });
  const halfFrame = probe.fps.den / probe.fps.num / 2;
  let next = await frames.next();
  let shown: FrameMask | undefined;
  const isDue = (timeSeconds: number) =>
    !next.done && (shown === undefined || next.value.timeSeconds <= timeSeconds + halfFrame);
  const at: MaskTrack = async (timeSeconds) => {
    while (isDue(timeSeconds) && !next.done) {
      const { mask, nonBinaryShare } = thresholdMask(next.value.data);
      shown = prepare({ width, height, data: mask }, nonBinaryShare, work);
      next = await frames.next();
    }
    return shown ?? prepare({ width, height, data: new Uint8Array(width * height) }, 0, work);
  };
  return { at, close: async () => void (await frames.return()) };
}
