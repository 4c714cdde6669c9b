import type { NewServoSessionRow, ServoSessionRow } from '../dao/servo-session.dao.js';
import type { NewServoSession } from '../domain/repositories/servo-session.repository.js';
import type { ServoSession } from '../domain/servo-session.js';

/** A row of `servo_sessions` as the domain sees it. */
export function toServoSession(row: ServoSessionRow): ServoSession {
  const { instanceId, instanceUrl, heldMicro, capturedMicro, ...session } = row;
  return {
    ...session,
    instance: { id: instanceId, url: instanceUrl },
    held: heldMicro,
    captured: capturedMicro,
  };
}

/** What is inserted for a new session. */
export function toServoSessionRow({
  instance,
  held,
  ...session
}: Omit<NewServoSession, 'leaseMs'>): Omit<NewServoSessionRow, 'leaseExpiresAt'> {
  return { ...session, instanceId: instance.id, instanceUrl: instance.url, heldMicro: held };
}
