import type { AppError } from '../errors/app-error.js';
import type { ServoFrame, ServoResult } from './servo.js';
import type { ServoSession } from './servo-session.js';

/** Sequence numbers from the first to the last, both included. */
export type SequenceRange = readonly [from: number, to: number];

/** The numbers by which a client recognises its frame. */
export type FrameLabel = Pick<ServoFrame, 'sequence' | 'captureTimeMicros'>;

/** What is said of one frame. */
export interface ServoAnswer {
  readonly frame: Pick<ServoFrame, 'sequence' | 'captureTimeMicros' | 'toolFrame'>;
  readonly result: ServoResult;
  /** Milliseconds from the frame's arrival until its computation began. */
  readonly queueMs: number;
  /** Milliseconds from the frame's arrival until its answer. */
  readonly totalMs: number;
  /** Frames that were left out for newer ones and have not been reported yet. */
  readonly skipped: readonly SequenceRange[];
}

/** What happens in a session, for the client that sends the frames and for those who watch. */
export type ServoEvent =
  | { readonly type: 'velocity'; readonly answer: ServoAnswer }
  /** A frame that could not be answered; the session goes on. */
  | ({ readonly type: 'error'; readonly error: AppError } & FrameLabel)
  /** Frames that were left out, where no answer can say so. */
  | { readonly type: 'skipped'; readonly skipped: readonly SequenceRange[] }
  /** No frame has come for a while: stand still. Once for each silence. */
  | { readonly type: 'timeout'; readonly silentMs: number }
  /** The engine died: stand still until answers come again. */
  | { readonly type: 'interrupted' }
  /** A new engine has the goal. */
  | { readonly type: 'resumed' }
  | { readonly type: 'ended'; readonly session: ServoSession };

/** Takes what happens in a session. @returns whether it can still be delivered */
export type ServoListener = (event: ServoEvent) => boolean;

/** The connection that sends the frames of a session: one at a time. */
export interface ServoClient {
  readonly deliver: ServoListener;
  /** Another connection took over. */
  replaced(): void;
}

/** A session as its connections see it. */
export interface LiveServo {
  /** The session with the counts of this moment. */
  readonly session: ServoSession;
  /** Makes a connection the one that sends the frames; an earlier one is told and gets nothing more. */
  attach(client: ServoClient): ServoAttachment;
  /** Tells of everything that happens, without a say in it. */
  watch(listener: ServoListener): { close(): void };
}

/** A connection's hold of its session. */
export interface ServoAttachment {
  /** Takes a frame; of those that wait only the newest is kept. */
  offer(frame: ServoFrame): void;
  /** Ends the session; the client is told by the event. */
  end(): Promise<void>;
  /** Lets go of the session, which waits for another connection for its idle time. */
  detach(): void;
}
