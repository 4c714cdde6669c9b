import type { SequenceRange } from './servo-event.js';
import type { RecordingStop } from './servo-session.js';
import type { FrameFormat, ServoResult } from './servo.js';

/** Task of the jobs that recorded sessions end as. */
export const SERVO_TASK = 'servo';

/** Maximum frames of a recording: the JSON result of more would be too large to store. */
export const MAX_RECORDED_FRAMES = 100_000;

/** First entry of a recording. */
interface RecordedGoal {
  readonly type: 'goal';
  /** Whether the goal image follows as bytes. */
  readonly image: boolean;
}

/** Entry of one answered frame; the image of frames that the preview may show follows as bytes. */
export type RecordedFrame = Omit<ServoResult, 'sequence' | 'timingsMs' | 'matchedPoints'> & {
  readonly type: 'frame';
  readonly seq: number;
  readonly captureTimeUs: string;
  /** Milliseconds from the start of the recording to the arrival of the frame. */
  readonly arrivedMs: number;
  readonly timingsMs: ServoResult['timingsMs'] & { readonly queue: number; readonly total: number };
  readonly skipped: readonly SequenceRange[];
  readonly image?: {
    readonly format: FrameFormat;
    readonly size: { readonly width: number; readonly height: number } | null;
    readonly matches: {
      readonly width: number;
      readonly height: number;
      readonly goal: readonly number[];
      readonly current: readonly number[];
    };
  };
};

/** Last entry of a recording that stopped before its session. */
interface RecordingEnd {
  readonly type: 'stopped';
  readonly reason: RecordingStop;
}

/** See `RecordedGoal`, `RecordedFrame` and `RecordingEnd`. */
export type RecordingEntry = RecordedGoal | RecordedFrame | RecordingEnd;

/** An append-only file of entries; a process that dies loses at most what it had not written yet. */
export interface RecordingLog {
  /** Bytes appended so far, including those not written yet. */
  readonly bytes: number;
  /** Bytes not written yet. */
  readonly pendingBytes: number;
  /** Whether writing failed; nothing is written any more then. */
  readonly failed: boolean;
  append(entry: RecordingEntry, bytes?: Uint8Array): void;
  /** Resolves when everything is on stable storage, or when writing failed. */
  close(): Promise<void>;
}

/** A stored recording. */
export interface StoredRecording {
  readonly sessionId: string;
  readonly bytes: number;
  readonly modifiedAt: Date;
}

/** A recording as a read-only local file. */
export interface BorrowedRecording extends AsyncDisposable {
  readonly path: string;
}

/** Recordings by session; readable by all processes of the installation. */
export interface RecordingStore {
  /** Starts the recording of a session. */
  create(sessionId: string): Promise<RecordingLog>;
  /**
   * A recording as a local file, until it is disposed.
   * @throws AppError RECORDING_MISSING (gone)
   */
  borrow(sessionId: string): Promise<BorrowedRecording>;
  list(): Promise<readonly StoredRecording[]>;
  /** Removes a recording. Idempotent. */
  remove(sessionId: string): Promise<void>;
}
