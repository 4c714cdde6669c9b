import { quote, type PriceUnit } from '../domain/money.js';
import type { TransactionScope } from '../domain/repositories/unit-of-work.js';
import type { RecordingStop, ServoEndReason, ServoSession } from '../domain/servo-session.js';
import { createRecordingJob } from './servo-recording-job.js';

/** Prices of sessions: each answered frame costs what a frame of a `cns` job costs. */
export const SERVO_PRICE_PRESET = 'infernode';
export const SERVO_PRICE_UNIT: PriceUnit = 'inference.video_frame';

type SettlementScope = Pick<TransactionScope, 'servoSessions' | 'ledger' | 'prices' | 'jobs' | 'enqueue'>;

/** How far a session was when it ended. */
export interface ServoSessionOutcome {
  readonly reason: ServoEndReason;
  readonly framesAnswered?: number;
  readonly framesSkipped?: number;
  readonly recordStopped?: RecordingStop | null;
  /** Size of the recording; as reserved where it is not known. */
  readonly recordingBytes?: number;
}

/** Reserves the credits for all frames of a new session. @throws AppError INSUFFICIENT_CREDITS */
export async function holdForSession(
  { ledger }: Pick<SettlementScope, 'ledger'>,
  session: ServoSession,
): Promise<void> {
  await ledger.append({
    userId: session.userId,
    sessionId: session.id,
    kind: 'hold',
    amount: session.held,
    delta: -session.held,
    description: `Held for session ${session.id}`,
  });
}

/**
 * The one way a session ends: status, capture for the frames that were answered, release of the rest. The client, its
 * server, the reconciler and the end of the account all come through here; the row decides who was first.
 * @param session its row under lock
 * @returns null when it had ended already; nothing is changed then
 */
export async function settleSession(
  scope: SettlementScope,
  session: ServoSession,
  {
    reason,
    framesAnswered = 0,
    framesSkipped = 0,
    recordStopped = null,
    recordingBytes,
  }: ServoSessionOutcome,
): Promise<ServoSession | null> {
  if (session.status === 'ended') return null;
  const { servoSessions, ledger, prices } = scope;
  const { id, userId, held, maxFrames } = session;
  const answered = Math.min(maxFrames, Math.max(session.framesAnswered, framesAnswered));
  const price = await prices.version(session.pricePreset, session.priceVersion);
  const { total } = quote(price, { [SERVO_PRICE_UNIT]: answered });
  const captured = total < held ? total : held;
  const counts = {
    framesAnswered: answered,
    framesSkipped: Math.max(session.framesSkipped, framesSkipped),
    recordStopped,
    recordingBytes: recordingBytes ?? session.recordingBytes,
  };
  // The row of an ended session cannot be changed, so its job comes first.
  const jobId = await createRecordingJob(scope, { ...session, ...counts, endReason: reason });
  const ended = await servoSessions.end(id, { ...counts, reason, captured, jobId });
  if (!ended) return null;
  const row = { userId, sessionId: id };
  if (captured > 0n) {
    const description = `Captured for ${String(answered)} frames of session ${id}`;
    await ledger.append({ ...row, kind: 'capture', amount: captured, delta: 0n, description });
  }
  const rest = held - captured;
  if (rest > 0n) {
    const description = `Released from session ${id}`;
    await ledger.append({ ...row, kind: 'release', amount: rest, delta: rest, description });
  }
  return ended;
}
