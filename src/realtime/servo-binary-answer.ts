import type { ServoEvent } from '../domain/servo-event.js';
import { writeAnswer } from '../protocols/servo-stream/answer-message.js';

/** An event as binary answer; null for events that only words can say. */
export function binaryAnswerOf(event: ServoEvent): Uint8Array | null {
  switch (event.type) {
    case 'velocity': {
      const { frame, result, skipped, totalMs } = event.answer;
      return writeAnswer({
        ...result,
        sequence: frame.sequence,
        captureTimeMicros: frame.captureTimeMicros,
        velocity: frame.toolFrame ? result.velocityTool : result.velocity,
        skipped: skipped.reduce((count, [from, to]) => count + to - from + 1, 0),
        totalMs,
      });
    }
    case 'timeout':
      return writeAnswer({ ...NO_FRAME, status: 'timeout', totalMs: event.silentMs });
    case 'interrupted':
      return writeAnswer({ ...NO_FRAME, status: 'interrupted' });
    case 'error':
      return writeAnswer({
        sequence: event.sequence,
        captureTimeMicros: event.captureTimeMicros,
        velocity: null,
        status: 'error',
      });
    default:
      return null;
  }
}

const NO_FRAME = { sequence: 0, captureTimeMicros: 0n, velocity: null } as const;
