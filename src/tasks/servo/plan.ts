import type { RecordingStop, ServoEndReason, ServoGoalReference } from '../../domain/servo-session.js';
import type { ServoGoalReport } from '../../domain/servo.js';
import { invalidField } from '../../errors/common-errors.js';

/** Input of a `servo` job: its session at the end. */
export interface ServoInput {
  readonly sessionId: string;
  readonly goal: ServoGoalReport;
  readonly goalSource: ServoGoalReference;
  readonly framesAnswered: number;
  readonly framesSkipped: number;
  readonly restarts: number;
  readonly endReason: ServoEndReason;
  readonly recordStopped: RecordingStop | null;
}

/** Clients cannot create such jobs. */
export function planServo(): never {
  const message = 'task: a job of task servo comes from a session of live servoing with "record": true.';
  throw invalidField('/task', 'NOTHING_TO_DO', message);
}
