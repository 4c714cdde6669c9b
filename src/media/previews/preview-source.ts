import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ColourConversion, GuardedInput } from '../ffmpeg-arguments.js';
import type { FfmpegTools } from '../ffmpeg-locate.js';
import { guardedInput } from '../frame-stream.js';
import { shownSize } from '../frame-plan.js';
import { probeVideo, type VideoLimits, type VideoProbe } from '../probe.js';
import { isRgb, probeStreams, type SourceStreams } from '../source-streams.js';
import { probeStoredVideo, type StoredVideo } from '../stored-video.js';
import { isHdr, toneMapCube } from '../tone-map.js';
import type { Size } from '../../vision/image/image.js';

/** Of videos in results, which were encoded by this program from frames within the limits of uploads. */
const UNKNOWN_VIDEO: VideoLimits = { maxPixels: 2 ** 28, maxFrames: 2 ** 31 };

/** A stored video, opened to make previews of it. */
export interface OpenedVideo {
  readonly path: string;
  readonly probe: VideoProbe;
  readonly input: GuardedInput;
  readonly streams: SourceStreams;
  /** Whether its frames are tone-mapped to BT.709. */
  readonly isHdr: boolean;
  readonly colours: ColourConversion;
  /** Size in square pixels, after rotation. */
  readonly shown: Size;
  readonly tools: FfmpegTools;
}

/** What {@link openVideo} needs. */
export interface VideoToOpen {
  readonly path: string;
  /** What is stored about the video; null when nothing is. */
  readonly video: StoredVideo | null;
  readonly tools: FfmpegTools;
  /** Folder for a lookup table of colours; it must exist while frames are read. */
  readonly folder: string;
  /** As in `probeStoredVideo`. */
  readonly decode?: 'all' | 'part';
}

/**
 * Probes a stored video with the checks of its upload, and prepares the conversion of its colours as jobs do: HDR is
 * tone-mapped, RGB becomes BT.709.
 * @throws AppError as `probeStoredVideo` and `probeVideo` do
 */
export async function openVideo({ path, video, tools, folder, decode }: VideoToOpen): Promise<OpenedVideo> {
  const probe = video
    ? await probeStoredVideo(path, video, { tools, decode })
    : await probeVideo(path, { tools, decode, limits: UNKNOWN_VIDEO });
  const input = guardedInput({ path, probe });
  const streams = await probeStreams(input, { tools });
  const shown = shownSize(probe, probe.pixelAspect);
  const common = { path, probe, input, streams, tools, shown: rounded(shown) };
  if (!isHdr(streams.transfer)) return { ...common, isHdr: false, colours: { toBt709: isRgb(streams) } };
  const toneMapFile = join(folder, `${streams.transfer}.cube`);
  await writeFile(toneMapFile, toneMapCube(streams.transfer), { mode: 0o600 });
  return { ...common, isHdr: true, colours: { toneMapFile } };
}

const rounded = ({ width, height }: Size): Size => ({
  width: Math.max(1, Math.round(width)),
  height: Math.max(1, Math.round(height)),
});

/** The largest size with the same aspect that fits into `box`; never larger than `size`. */
export function sizeInside(size: Size, box: Size): Size {
  const scale = Math.min(1, box.width / size.width, box.height / size.height);
  return rounded({ width: size.width * scale, height: size.height * scale });
}
