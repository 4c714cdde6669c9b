import { z } from 'zod';
import type { RecordedFrame } from '../../domain/servo-recording.js';
import { RECORDING_STOPS, type RecordingStop } from '../../domain/servo-session.js';
import { FRAME_FORMATS, type FrameFormat } from '../../domain/servo.js';
import { AppError } from '../../errors/app-error.js';
import { readRecording } from '../../storage/recording-file.js';

const number = z.number();
const velocity = z.tuple([number, number, number, number, number, number]).nullable();
const count = z.number().int().min(0);
const positions = z.array(number);
const isFormat = (name: string): name is FrameFormat => Object.hasOwn(FRAME_FORMATS, name);

const frameEntry = z.object({
  type: z.literal('frame'),
  seq: count,
  captureTimeUs: z.string().regex(/^\d{1,20}$/),
  arrivedMs: number,
  velocity,
  velocityTool: velocity,
  status: z.enum(['tracking', 'weak', 'lost', 'arrived']),
  reason: z.string().nullable(),
  keypoints: count,
  matches: count,
  inliers: count,
  featureError: number.nullable(),
  confidence: number,
  goalDistance: number.optional(),
  timingsMs: z.object({
    queue: number,
    decode: number,
    detect: number,
    match: number,
    network: number,
    total: number,
  }),
  skipped: z.array(z.tuple([count, count])),
  image: z
    .object({
      format: z.enum(Object.keys(FRAME_FORMATS).filter(isFormat)),
      size: z.object({ width: count, height: count }).nullable(),
      matches: z.object({ width: count, height: count, goal: positions, current: positions }),
    })
    .optional(),
}) satisfies z.ZodType<RecordedFrame>;

const entry = z.discriminatedUnion('type', [
  z.object({ type: z.literal('goal'), image: z.boolean() }),
  frameEntry,
  z.object({ type: z.literal('stopped'), reason: z.enum(RECORDING_STOPS) }),
]);

/** A recording without its images. */
export interface RecordedSession {
  readonly frames: readonly RecordedFrame[];
  /** Why it stopped before its session, if it says so. */
  readonly stopped: RecordingStop | null;
}

/**
 * Reads all entries of a recording.
 * @throws AppError RECORDING_EMPTY (gone) if it has no frame
 */
export async function readSession(path: string): Promise<RecordedSession> {
  const frames: RecordedFrame[] = [];
  let stopped: RecordingStop | null = null;
  for await (const { json } of readRecording(path)) {
    const parsed = entry.parse(json);
    if (parsed.type === 'frame') frames.push(parsed);
    if (parsed.type === 'stopped') stopped = parsed.reason;
  }
  if (frames.length > 0) return { frames, stopped };
  throw new AppError('RECORDING_EMPTY', { message: 'The recording of the session contains no frame.' });
}

/** The goal image of a recording as it was stored; null if there is none. */
export async function readGoalImage(path: string): Promise<Uint8Array | null> {
  for await (const { json, bytes } of readRecording(path)) {
    const first = entry.parse(json);
    return first.type === 'goal' && first.image ? bytes : null;
  }
  return null;
}

/** Images of frames by position, in order; frames without an image are left out. */
export async function* readImages(
  path: string,
  positions: ReadonlySet<number>,
): AsyncGenerator<{ readonly position: number; readonly frame: RecordedFrame; readonly bytes: Uint8Array }> {
  let position = 0;
  for await (const { json, bytes } of readRecording(path)) {
    if (!isFrame(json)) continue;
    const frame = positions.has(position) ? frameEntry.parse(json) : null;
    if (frame?.image) yield { position, frame, bytes };
    position += 1;
  }
}

const isFrame = (json: unknown): boolean =>
  typeof json === 'object' && json !== null && 'type' in json && json.type === 'frame';
