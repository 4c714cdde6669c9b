import type { MaskFacts } from '../domain/dataset.js';
import type { FfmpegTools } from './ffmpeg-locate.js';
import { countFrames, frameTime, type FrameRange } from './frame-plan.js';
import { decodeImages } from './frame-image.js';
import { openFrameStream } from './frame-stream.js';
import type { MaskColours } from './mask-colours.js';
import {
  compareFrame,
  contrastOf,
  FrameCounter,
  measureHole,
  type FrameColours,
  type FrameHole,
} from './mask-frames.js';
import { findPaint, unclear, type DetectedPaint } from './mask-reading.js';
import { DECODED_PIXELS, type VideoProbe } from './probe.js';
import type { Image } from '../vision/image/image.js';

/** A video with its result of `probeVideo`. */
export interface ProbedVideo {
  readonly path: string;
  readonly probe: VideoProbe;
}

/** Options of {@link readMaskVideo}. */
export interface MaskVideoOptions {
  readonly mask: ProbedVideo;
  /** Called only if the colours of the mask alone are ambiguous. */
  readonly openSource: () => Promise<ProbedVideo>;
  readonly tools: FfmpegTools;
  readonly signal?: AbortSignal;
  /** Frames up to this many bytes are kept for the second pass; otherwise each is decoded again. 64 MB by default. */
  readonly keptBytes?: number;
}

/** Maximum number of frames of a mask video that are inspected, the last one included. */
const MAX_SAMPLES = 16;
const MIN_SAMPLES = 3;
const KEPT_BYTES = 64_000_000;
/** Frames whose channels differ by less have a single colour; compression adds small differences. */
const MIN_CONTRAST = 40;
const FULL_CONTRAST = 200;
/** Longest side at which all frames are searched for any paint. */
const SEARCH_SIDE = 480;

/**
 * Decides for a whole mask video which pixels of its frames are paint, with the rules for images, based on up
 * to 16 evenly spaced frames. If these have a single colour, the frame with the highest contrast of all is
 * inspected as well. Processes millions of pixels and needs some hundred megabytes: run it in a separate
 * process.
 * @returns share 0 if nothing is painted in any frame, 1 if every frame is painted completely
 * @throws AppError MASK_UNCLEAR if the paint is ambiguous, and as `openFrameStream` does
 */
export async function readMaskVideo(options: MaskVideoOptions): Promise<MaskFacts> {
  return new MaskVideoReading(options).read();
}

class MaskVideoReading {
  readonly #kept: Image[] = [];
  readonly #counter = new FrameCounter();
  readonly #plans: FrameRange[];
  readonly #keeps: boolean;

  readonly #options: MaskVideoOptions;

  constructor(options: MaskVideoOptions) {
    this.#options = options;

    const { keptBytes = KEPT_BYTES } = options;
    const { probe } = options.mask;
    const plan = samplePlan(probe, keptBytes);
    this.#plans = [plan];
    this.#keeps = countFrames(plan) * frameBytes(probe) <= keptBytes;
  }

  async read(): Promise<MaskFacts> {
    const { colours, contrast } = await this.#count(this.#plans);
    const facts = contrast >= MIN_CONTRAST ? await this.#decide(colours) : undefined;
    if (facts !== undefined && facts.share > 0 && facts.share < 1) return facts;
    const best = await mostContrast(this.#options);
    if (best === null) return facts ?? this.#decide(colours);
    const plan = { start: best, end: best + 1, step: 1 };
    this.#plans.push(plan);
    return this.#decide((await this.#count([plan])).colours);
  }

  /** Colours of all frames so far, and the highest contrast of any frame of the plans. */
  async #count(plans: readonly FrameRange[]): Promise<FrameColours> {
    for (const plan of plans) {
      for await (const frame of this.#decode(plan)) {
        if (this.#keeps) this.#kept.push(frame);
        this.#counter.add(frame);
      }
    }
    return this.#counter.found();
  }

  async #decide(colours: MaskColours): Promise<MaskFacts> {
    const found = findPaint(colours);
    const nonBinaryShare = 1 - (colours.whole.dark + colours.whole.light) / colours.whole.total;
    if (found === null || found.reading === 'colour') {
      const hole = await this.#holeOfDifference(found);
      if (hole !== null)
        return { ...hole, nonBinaryShare, reading: 'difference', paint: { kind: 'difference' } };
    }
    if (found === null) throw unclear();
    const holes: FrameHole[] = [];
    for await (const frame of this.#samples()) holes.push(measureHole(frame, found.rule));
    return { ...combineHoles(holes), nonBinaryShare, reading: found.reading, paint: found.rule };
  }

  /** Where the frames differ from the source at the same time; null when the mask is not a copy of it. */
  async #holeOfDifference(found: DetectedPaint | null): Promise<FrameHole | null> {
    const source = await this.#options.openSource();
    const shown = this.#shownWith(source);
    const holes: FrameHole[] = [];
    let [samples, copies] = [0, 0];
    try {
      for await (const frame of this.#samples()) {
        const { value } = await shown.next();
        if (!value) break;
        samples += 1;
        const compared = compareFrame(frame, { ...frame, data: value });
        if (compared === null) continue;
        if (found === null || compared.isLikelyCopy) copies += 1;
        holes.push(compared);
      }
    } finally {
      await shown.return();
    }
    return copies <= samples / 2 ? null : combineHoles(holes);
  }

  /** The source frame shown at the time of each sample, in the size of the mask. */
  async *#shownWith(source: ProbedVideo): AsyncGenerator<Image['data'], void, undefined> {
    const { mask, tools, signal } = this.#options;
    const { width, height } = mask.probe;
    for (const plan of this.#plans) {
      const times = placesOf(plan).map((place) => frameTime(place, mask.probe));
      const indices = times.map((time) => frameShownAt(source.probe, time, mask.probe));
      const options = { ...source, indices, workingSize: { width, height }, tools, signal };
      for await (const { index, data } of decodeImages(options)) {
        // With a lower frame rate of the source, several samples can share one of its frames.
        for (const other of indices) if (other === index) yield data;
      }
    }
  }

  async *#samples(): AsyncGenerator<Image> {
    if (this.#keeps) yield* this.#kept;
    else for (const plan of this.#plans) yield* this.#decode(plan);
  }

  async *#decode(plan: FrameRange): AsyncGenerator<Image> {
    const { mask, tools, signal } = this.#options;
    const { width, height } = mask.probe;
    const shared = { ...mask, workingSize: { width, height }, format: 'rgba', tools, signal } as const;
    for await (const { data } of decodeImages({ ...shared, indices: placesOf(plan) }))
      yield { width, height, data };
  }
}

/** Indices of the frames in a range. */
const placesOf = (plan: FrameRange): number[] =>
  Array.from({ length: countFrames(plan) }, (_, at) => plan.start + at * plan.step);

/** The mean share, and the largest circle in the hole of any frame. */
function combineHoles(holes: readonly FrameHole[]): FrameHole {
  const share = holes.reduce((sum, hole) => sum + hole.share, 0) / holes.length;
  return { share, circle: holes.reduce((most, { circle }) => Math.max(most, circle), 0) };
}

/**
 * The source frame with which a mask frame is used: the first one shown no earlier than half a mask frame
 * before it.
 */
function frameShownAt(source: VideoProbe, timeSeconds: number, mask: VideoProbe): number {
  const from = timeSeconds - mask.fps.den / mask.fps.num / 2;
  const last = source.frameCount - 1;
  for (let index = 0; index < last; index += 1) if (frameTime(index, source) >= from) return index;
  return last;
}

const frameBytes = ({ width, height }: VideoProbe): number => 4 * width * height;

/** The last frame and others before it at even distances, so that FFmpeg can select them. */
function samplePlan(probe: VideoProbe, keptBytes: number): FrameRange {
  const { frameCount } = probe;
  const affordable = Math.floor(keptBytes / frameBytes(probe));
  const count = Math.min(frameCount, MAX_SAMPLES, Math.max(MIN_SAMPLES, affordable));
  if (count === 1) return { start: 0, end: 1, step: 1 };
  const step = Math.ceil((frameCount - 1) / (count - 1));
  return { start: (frameCount - 1) % step, end: frameCount, step };
}

/** The frame with the highest contrast of a video, found at a small size; null when all frames are uniform. */
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
  return most >= MIN_CONTRAST / 2 ? best : null;
}
