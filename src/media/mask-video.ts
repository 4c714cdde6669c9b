import { setImmediate } from 'node:timers/promises';
import type { MaskFacts } from '../domain/dataset.js';
import { holeCircle } from '../domain/large-hole.js';
import type { FfmpegTools } from './ffmpeg-locate.js';
import { frameTime } from './frame-plan.js';
import { openFrameStream } from './frame-stream.js';
import { ColourCounter, type RgbaPicture } from './mask-colours.js';
import {
  compareWithSource,
  findPaint,
  paintMask,
  paintOf,
  unclear,
  VIDEO_COPY,
  type Found,
} from './mask-reading.js';
import { withoutSpecks } from './mask-specks.js';
import { DECODED_PIXELS, type VideoProbe } from './probe.js';

/** A video with its answer of `probeVideo`. */
export interface ProbedVideo {
  readonly path: string;
  readonly probe: VideoProbe;
}

/** What {@link readMaskVideo} needs. */
export interface MaskVideoOptions {
  readonly mask: ProbedVideo;
  /** Called only where the colours of the mask alone do not tell what is paint. */
  readonly openSource: () => Promise<ProbedVideo>;
  readonly tools: FfmpegTools;
  readonly signal?: AbortSignal;
}

/** Frames of a mask video that are looked at, first and last among them, and the bytes they may take together. */
const MOST_SAMPLES = 16;
const FEWEST_SAMPLES = 3;
const SAMPLE_BYTES = 96_000_000;
/** Frames whose channels differ by less are of one colour; coding adds a little. */
const LEAST_CONTRAST = 40;
const FULL_CONTRAST = 200;
/** Longest side of the frames that are searched for anything painted at all. */
const SEARCH_SIDE = 480;

interface Sample extends RgbaPicture {
  readonly timeSeconds: number;
}

/**
 * Decides once for a whole mask video which pixels of its frames are paint, by the rules for pictures: from up to 16 frames,
 * evenly spaced. Where they show one colour only, the frame with the most contrast of all is looked at as well.
 * @returns share 0 where nothing is painted in any frame, 1 where every frame is painted over wholly
 * @throws AppError MASK_UNCLEAR where it cannot be told, and as `openFrameStream`
 */
export async function readMaskVideo(options: MaskVideoOptions): Promise<MaskFacts> {
  const samples = await takeSamples(options, sampleIndexes(options.mask.probe));
  const facts = samples.some(hasContrast) ? await decide(samples, options) : undefined;
  if (facts !== undefined && facts.share > 0 && facts.share < 1) return facts;
  const best = await mostContrast(options);
  if (best !== null) samples.push(...(await takeSamples(options, [best])));
  return decide(samples, options);
}

async function decide(samples: readonly Sample[], options: MaskVideoOptions): Promise<MaskFacts> {
  const counter = new ColourCounter();
  for (const sample of samples) {
    counter.add(sample);
    // Uploads are read in the process that answers requests.
    await setImmediate();
  }
  const colours = counter.colours();
  const found = findPaint(colours);
  const nonBinaryShare = 1 - (colours.whole.dark + colours.whole.light) / colours.whole.total;
  if (found === null || found.reading === 'colour') {
    const hole = await holeOfDifference(samples, found, options);
    if (hole !== null)
      return { ...hole, nonBinaryShare, reading: 'difference', paint: { kind: 'difference' } };
  }
  if (found === null) throw unclear();
  const holes: SampledHole[] = [];
  for (const sample of samples) {
    const { mask, share } = paintMask(sample, paintOf(found.rule));
    holes.push({ share, circle: holeCircle({ ...sample, data: mask }) });
    await setImmediate();
  }
  return { ...together(holes), nonBinaryShare, reading: found.reading, paint: found.rule };
}

type SampledHole = Readonly<Record<'share' | 'circle', number>>;

/** The mean share, and the widest circle that fits into the hole of any frame. */
function together(holes: readonly SampledHole[]): SampledHole {
  const share = holes.reduce((sum, hole) => sum + hole.share, 0) / holes.length;
  return { share, circle: holes.reduce((most, { circle }) => Math.max(most, circle), 0) };
}

/** What of the frames differs from the source at the same time; null where the mask is no copy of it. */
async function holeOfDifference(
  samples: readonly Sample[],
  found: Found | null,
  { mask, openSource, tools, signal }: MaskVideoOptions,
): Promise<SampledHole | null> {
  const source = await openSource();
  const holes: SampledHole[] = [];
  let copies = 0;
  for (const sample of samples) {
    const index = frameShownAt(source.probe, sample.timeSeconds, mask.probe);
    const { width, height } = sample;
    const frames = openFrameStream({
      ...source,
      plan: { start: index, end: index + 1, step: 1 },
      workingSize: { width, height },
      format: 'rgb24',
      tools,
      signal,
    });
    for await (const { data } of frames) {
      const compared = compareWithSource(sample, { width, height, data }, VIDEO_COPY);
      if (compared && (found === null || compared.isLikelyCopy)) copies += 1;
      if (compared === null) continue;
      const { mask: painted, share } = withoutSpecks({ width, height, data: compared.mask });
      holes.push({ share, circle: holeCircle({ width, height, data: painted }) });
    }
  }
  if (copies <= samples.length / 2) return null;
  return together(holes);
}

/** Frame of the source with which a mask frame is used: the first one that is shown half a mask frame before it or later. */
function frameShownAt(source: VideoProbe, timeSeconds: number, mask: VideoProbe): number {
  const from = timeSeconds - mask.fps.den / mask.fps.num / 2;
  const last = source.frameCount - 1;
  for (let index = 0; index < last; index += 1) if (frameTime(index, source) >= from) return index;
  return last;
}

function sampleIndexes({ frameCount, width, height }: VideoProbe): number[] {
  const affordable = Math.floor(SAMPLE_BYTES / (4 * width * height));
  const count = Math.min(frameCount, MOST_SAMPLES, Math.max(FEWEST_SAMPLES, affordable));
  if (count === 1) return [0];
  const step = (frameCount - 1) / (count - 1);
  return Array.from({ length: count }, (_, index) => Math.round(index * step));
}

/** Seeking to each frame is quicker than decoding all, where seeking is possible and they lie far apart. */
const FRAMES_PER_SEEK = 50;

async function takeSamples(
  { mask, tools, signal }: MaskVideoOptions,
  indexes: readonly number[],
): Promise<Sample[]> {
  const { width, height, frameCount, seekMode } = mask.probe;
  const shared = { ...mask, workingSize: { width, height }, format: 'rgba', tools, signal } as const;
  const samples: Sample[] = [];
  const seek = indexes.length === 1 || (seekMode === 'time' && frameCount > FRAMES_PER_SEEK * indexes.length);
  const plans = seek
    ? indexes.map((index) => ({ start: index, end: index + 1, step: 1 }))
    : [{ start: 0, end: frameCount, step: 1 }];
  const wanted = new Set(indexes);
  for (const plan of plans)
    for await (const { index, timeSeconds, data } of openFrameStream({ ...shared, plan }))
      if (wanted.has(index)) samples.push({ width, height, data, timeSeconds });
  return samples;
}

const hasContrast = ({ data }: RgbaPicture): boolean => contrastOf(data) >= LEAST_CONTRAST;

/** Largest difference of any channel from that of the first pixel. */
function contrastOf(data: Uint8Array): number {
  let most = 0;
  for (let at = 0; at < data.length; at += 1) {
    const difference = Math.abs(data[at] - data[at & 3]);
    if (difference > most) most = difference;
  }
  return most;
}

/** The frame with the most contrast of a video, looked at in a small size; null where no frame has any. */
async function mostContrast({ mask, tools, signal }: MaskVideoOptions): Promise<number | null> {
  const { width, height, frameCount } = mask.probe;
  const scale = Math.min(1, SEARCH_SIDE / Math.max(width, height));
  const workingSize = {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
  const end = Math.min(frameCount, Math.max(1, Math.floor(DECODED_PIXELS / (width * height))));
  const plan = { start: 0, end, step: 1 };
  let [best, most] = [-1, 0];
  const frames = openFrameStream({ ...mask, plan, workingSize, format: 'rgba', tools, signal });
  for await (const { index, data } of frames) {
    const contrast = contrastOf(data);
    if (contrast <= most) continue;
    [best, most] = [index, contrast];
    if (most >= FULL_CONTRAST) break;
  }
  return most >= LEAST_CONTRAST / 2 ? best : null;
}
