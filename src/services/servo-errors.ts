import { servoStreamUrl } from '../domain/api-paths.js';
import type { ServoSession } from '../domain/servo-session.js';
import { AppError } from '../errors/app-error.js';

/** A session that is over. */
export function sessionEnded(id: string): AppError {
  return new AppError('SERVO_SESSION_ENDED', { message: `Session ${id} has ended.`, details: { id } });
}

/** A session whose process is gone and which is being ended. */
export function sessionLost(id: string): AppError {
  const message = `The process that served session ${id} has ended; the session is charged for what it answered.`;
  return new AppError('SERVO_SESSION_LOST', { message, details: { id } });
}

/** A session of another process, with its address. */
export class SessionElsewhere extends AppError {
  /** Base URL of the instance that the session lives on. */
  readonly instanceUrl: string;
  readonly streamUrl: string;

  constructor({ id, instance }: ServoSession) {
    const streamUrl = servoStreamUrl(instance.url, id);
    super('SERVO_SESSION_ELSEWHERE', {
      message: `Session ${id} lives on the instance ${instance.url}.`,
      details: { id, location: streamUrl },
    });
    this.instanceUrl = instance.url;
    this.streamUrl = streamUrl;
  }
}

/** A session of another process whose address does not tell it from this one. */
export function sameAddress({ id, instance: { url } }: ServoSession): AppError {
  const message = `Session ${id} lives in another API process with the address of this one, ${url}. Give each process an INSTANCE_URL.`;
  return new AppError('SERVO_INSTANCE_UNREACHABLE', { message, details: { id }, retryAfterSeconds: 1 });
}

/** More sessions than an account may have. */
export function tooManySessions(limit: number): AppError {
  const message = `An account may have ${String(limit)} sessions at the same time (SERVO_SESSIONS_PER_USER). End one first.`;
  return new AppError('TOO_MANY_SERVO_SESSIONS', { message, details: { limit }, retryAfterSeconds: 5 });
}

/** A frame for which a newer one came. */
export function frameSkipped(sequence: number): AppError {
  const message = `Frame ${String(sequence)} was left out: a newer one came before it was computed.`;
  return new AppError('SERVO_FRAME_SKIPPED', { message, details: { sequence } });
}

/** A frame that came by a request while a stream sends frames. */
export function streamOpen(): AppError {
  return new AppError('SERVO_STREAM_OPEN', {
    message: 'The session has an open stream, which sends its frames.',
  });
}

/** The database has not answered for so long that the session may have been ended meanwhile. */
export function notConfirmed(): AppError {
  return new AppError('DATABASE_UNAVAILABLE', {
    message: 'The database has not answered for a while; frames are answered again once it does.',
    retryAfterSeconds: 1,
  });
}
