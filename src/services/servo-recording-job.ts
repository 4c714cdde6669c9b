import { v7 as uuid } from 'uuid';
import type { TransactionScope } from '../domain/repositories/unit-of-work.js';
import { SERVO_TASK } from '../domain/servo-recording.js';
import type { ServoSession } from '../domain/servo-session.js';
import { queueMessageId } from '../queue/jobs.js';

/**
 * Creates the job that a recorded session ends as, in the transaction that ends the session. It costs nothing: the session
 * pays for the frames. A session without an answered frame, or of a deleted account, ends as no job.
 * @returns its id; null if there is none
 */
export async function createRecordingJob(
  scope: Pick<TransactionScope, 'jobs' | 'enqueue'>,
  session: ServoSession,
): Promise<string | null> {
  const { userId, setup, pricePreset, priceVersion, endReason } = session;
  if (!session.record || session.framesAnswered === 0 || endReason === 'account') return null;
  const id = uuid();
  await scope.jobs.create([
    {
      id,
      userId,
      batchId: uuid(),
      datasetId: null,
      task: SERVO_TASK,
      params: { ...setup },
      plan: planOf(session),
      deviceRequested: setup.device,
      pricePreset,
      priceVersion,
      held: 0n,
      retryOf: null,
    },
  ]);
  await scope.jobs.appendEvent(id, 'status', { status: 'PENDING', attempt: 0 });
  await scope.enqueue({ name: 'inference.run', payload: { jobId: id }, dedupeId: queueMessageId(id, 0) });
  return id;
}

/** See `ServoInput` of the task. */
function planOf(session: ServoSession) {
  const { id, goal, goalSource, framesAnswered, framesSkipped, restarts, endReason } = session;
  const input = {
    sessionId: id,
    goal,
    goalSource,
    framesAnswered,
    framesSkipped,
    restarts,
    endReason,
    recordStopped: session.recordStopped,
  };
  return { input, media: {}, recording: id };
}
