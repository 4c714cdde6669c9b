import type { ServoAnswer } from '../domain/servo-event.js';
import type { ServoFrame } from '../domain/servo.js';
import type { AppError } from '../errors/app-error.js';

/** What becomes of one frame. */
type FrameOutcome =
  | { readonly answer: ServoAnswer; readonly error?: undefined }
  | { readonly answer?: undefined; readonly error: AppError };

/** A frame on its way. */
export interface PendingFrame {
  readonly frame: ServoFrame;
  readonly receivedAt: number;
  /** Hands the outcome to who sent the frame. @returns whether it could be delivered */
  readonly reply: (outcome: FrameOutcome) => boolean;
  /** Tells who sent the frame that it is not computed; a stream is told by ranges instead. */
  readonly leftOut: (error: AppError) => void;
}

/** How a stream learns of it: the next message lists what was left out. */
export const toldByRanges = (): void => undefined;
