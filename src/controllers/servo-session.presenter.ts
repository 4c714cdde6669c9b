import { servoSessionPath, servoStreamUrl } from '../domain/api-paths.js';
import { toCredits } from '../domain/money.js';
import type { ServoSession } from '../domain/servo-session.js';

/** Base URL of the instance that a session lives on, as the client of this request reaches it. */
export type InstanceBase = (session: ServoSession) => string;

function presentGoal({ goal, goalSource }: ServoSession) {
  const { width, height, keypoints, clusters } = goal;
  const source =
    goalSource.kind === 'image'
      ? { sha256: goalSource.sha256 }
      : { mediaId: goalSource.mediaId, frame: goalSource.frame };
  return { width, height, keypoints, clusters, source };
}

/** A session as the API shows it. */
export function presentServoSession(session: ServoSession, baseOf: InstanceBase) {
  const base = `${baseOf(session)}${servoSessionPath(session.id)}`;
  const { requested, used, reason } = session.goal.device;
  return {
    id: session.id,
    status: session.status,
    endReason: session.endReason,
    streamUrl: servoStreamUrl(baseOf(session), session.id),
    framesUrl: `${base}/frames`,
    eventsUrl: `${base}/events`,
    instanceUrl: session.instance.url,
    goal: presentGoal(session),
    parameters: { ...session.setup },
    device: { requested, used, reason },
    model: session.goal.network,
    frames: {
      answered: session.framesAnswered,
      skipped: session.framesSkipped,
      max: session.maxFrames,
    },
    record: session.record,
    recordStopped: session.recordStopped,
    jobId: session.jobId,
    restarts: session.restarts,
    idleTimeout: session.idleTimeoutMs / 1000,
    watchdogMs: session.watchdogMs,
    cost: {
      quoted: toCredits(session.held),
      held: session.status === 'ended' ? 0 : toCredits(session.held),
      captured: toCredits(session.captured),
      pricePreset: session.pricePreset,
      priceVersion: session.priceVersion,
    },
    createdAt: session.createdAt.toISOString(),
    endedAt: session.endedAt?.toISOString() ?? null,
  };
}
