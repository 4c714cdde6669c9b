import type { MaskFacts } from '../domain/dataset.js';
import type { FfmpegTools } from './ffmpeg-locate.js';
import { readMaskVideo, type ProbedVideo } from './mask-video.js';
import { probeVideo, type KnownFrames, type VideoLimits } from './probe.js';
import { writeScreenshotFrame } from './screenshot-frame.js';

/** A video that was probed before. */
export type KnownVideoFile = KnownFrames & { readonly path: string };

interface Shared {
  readonly tools: FfmpegTools;
  readonly limits: VideoLimits;
}

/** A mask video to be read. */
export interface MaskVideoWork extends Shared {
  readonly kind: 'maskVideo';
  readonly mask: KnownVideoFile;
  readonly source: KnownVideoFile;
}

/** A frame to be written: the one that a screenshot was taken from. */
export interface ScreenshotWork extends Shared {
  readonly kind: 'screenshot';
  readonly picture: string;
  readonly target: string;
  readonly video: KnownVideoFile;
}

/** What is to be done with the frames of uploaded videos. */
export type FrameWork = MaskVideoWork | ScreenshotWork;

/**
 * Does what is to be done.
 * @returns how a mask video is read; null for a frame, which lies in its file
 * @throws AppError as `probeVideo`, `readMaskVideo` and `writeScreenshotFrame`
 */
export async function workOnFrames(work: FrameWork): Promise<MaskFacts | null> {
  const { tools } = work;
  const open = async (video: KnownVideoFile): Promise<ProbedVideo> => probed(video, work);
  switch (work.kind) {
    case 'maskVideo':
      return readMaskVideo({ mask: await open(work.mask), openSource: () => open(work.source), tools });
    case 'screenshot':
      await writeScreenshotFrame({ ...work, video: await open(work.video) });
      return null;
  }
}

async function probed({ path, ...known }: KnownVideoFile, { tools, limits }: Shared): Promise<ProbedVideo> {
  return { path, probe: await probeVideo(path, { tools, limits, known }) };
}
