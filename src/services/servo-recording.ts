import { setTimeout as pause } from 'node:timers/promises';
import type { ServoAnswer } from '../domain/servo-event.js';
import { MAX_RECORDED_FRAMES, type RecordedFrame, type RecordingLog } from '../domain/servo-recording.js';
import type { RecordingStop } from '../domain/servo-session.js';
import type { ServoFrame, ServoMatches } from '../domain/servo.js';

/** Images that are kept of the first frames; of later ones every 2nd, 4th, 8th and so on. */
const FIRST_IMAGES = 80;
/** Images may take this share of the size: the velocities of all frames matter more. */
const IMAGES_SHARE = 0.75;
/** Images are left out while the disk is this far behind. */
const MAX_PENDING_BYTES = 32 * 2 ** 20;
/** A disk that hangs must not keep the session from ending. */
const CLOSE_TIMEOUT_MS = 10_000;
/** Decimals of drawn positions: a tenth of a pixel. */
const POSITION_SCALE = 10;

/** Limits of a recording. */
export interface RecordingLimits {
  readonly maxBytes: number;
  /** What ends a recording of that size. */
  readonly maxBytesOf: Extract<RecordingStop, 'size' | 'quota'>;
  /** Frames of the session. */
  readonly maxFrames: number;
}

/**
 * Records the answered frames of a session. Every answer is recorded; of the images as many as the preview can show,
 * evenly spread however long the session becomes: image `i` is kept if the smallest power of two that is at least
 * `(i + 1) / 80` divides `i`.
 */
export class ServoRecording {
  readonly #log: RecordingLog;
  readonly #limits: RecordingLimits;
  readonly #startedAt = performance.now();
  /** Bytes of the goal image, which is not limited. */
  readonly #goalBytes: number;
  #frames = 0;
  /** Images of the first frames, fewer where images are large; null before the first image. */
  #firstImages: number | null = null;
  #stopped: RecordingStop | null = null;

  /** @param goal the goal image as the client sent it, or as the engine returned it */
  constructor(log: RecordingLog, goal: Uint8Array | undefined, limits: RecordingLimits) {
    this.#log = log;
    this.#limits = limits;
    log.append({ type: 'goal', image: goal !== undefined }, goal);
    this.#goalBytes = log.bytes;
  }

  /** Why it stopped before the session; null while it goes on. */
  get stopped(): RecordingStop | null {
    return this.#log.failed ? 'disk' : this.#stopped;
  }

  /** Size of its file. */
  get bytes(): number {
    return this.#log.bytes;
  }

  /** Whether the image of the next answered frame is kept, so that its matched points are needed. */
  wantsImage({ bytes }: Pick<ServoFrame, 'bytes'>): boolean {
    if (this.stopped || this.#log.pendingBytes > MAX_PENDING_BYTES) return false;
    if (this.#bytes + bytes.length > this.#limits.maxBytes * IMAGES_SHARE) return false;
    this.#firstImages ??= this.#affordable(bytes.length);
    let stride = 1;
    while (stride * this.#firstImages < this.#frames + 1) stride *= 2;
    return this.#frames % stride === 0;
  }

  /** Records a frame that was answered; its image if the result contains its matched points. */
  add(frame: ServoFrame, answer: ServoAnswer, receivedAt: number): void {
    if (this.stopped) return;
    if (this.#frames >= MAX_RECORDED_FRAMES) return this.#stop('frames');
    if (this.#bytes >= this.#limits.maxBytes) return this.#stop(this.#limits.maxBytesOf);
    const entry = entryOf(frame, answer, receivedAt - this.#startedAt);
    this.#log.append(entry, entry.image && frame.bytes);
    this.#frames += 1;
  }

  /** Resolves when everything that was recorded can be read, or when the disk does not respond. */
  async close(): Promise<void> {
    const closed = this.#log.close();
    const giveUp = new AbortController();
    const late = pause(CLOSE_TIMEOUT_MS, 'late', { signal: giveUp.signal }).catch(() => undefined);
    if ((await Promise.race([closed, late])) === 'late') this.#stopped ??= 'disk';
    giveUp.abort();
  }

  get #bytes(): number {
    return this.#log.bytes - this.#goalBytes;
  }

  /** About `n (1 + log2(frames / n) / 2)` images are kept if all of the first `n` are. */
  #affordable(imageBytes: number): number {
    const images = (this.#limits.maxBytes * IMAGES_SHARE) / Math.max(1, imageBytes);
    const growth = 1 + Math.log2(Math.max(1, this.#limits.maxFrames)) / 2;
    return Math.max(1, Math.min(FIRST_IMAGES, Math.floor(images / growth)));
  }

  #stop(reason: RecordingStop): void {
    this.#stopped = reason;
    this.#log.append({ type: 'stopped', reason });
  }
}

function entryOf(
  { format, size }: ServoFrame,
  { frame, result, queueMs, totalMs, skipped }: ServoAnswer,
  arrivedMs: number,
): RecordedFrame {
  const { sequence, timingsMs, matchedPoints, ...rest } = result;
  return {
    type: 'frame',
    seq: sequence,
    captureTimeUs: String(frame.captureTimeMicros),
    arrivedMs: Math.round(arrivedMs),
    ...rest,
    timingsMs: { ...timingsMs, queue: queueMs, total: totalMs },
    skipped,
    ...(matchedPoints && { image: { format, size, matches: roundedMatches(matchedPoints) } }),
  };
}

function roundedMatches({ width, height, goal, current }: ServoMatches) {
  const rounded = (positions: Float32Array): number[] =>
    Array.from(positions, (value) => Math.round(value * POSITION_SCALE) / POSITION_SCALE);
  return { width, height, goal: rounded(goal), current: rounded(current) };
}
