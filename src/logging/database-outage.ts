import winston from 'winston';

/** Pause between two lines of one process about the same outage. */
const PAUSE_MS = 30_000;

/** Administrator commands, crashes and starts of PostgreSQL, lost connections, and refused ones. */
const OUTAGE_CODES = /^(57P0[1-5]|08...|ECONNREFUSED|ECONNRESET)$/;
const LOST = /^Connection terminated/;

const textOf = (value: unknown, key: string): string =>
  typeof value === 'object' && value !== null ? String(Reflect.get(value, key) ?? '') : '';

/** Whether a warning says that the database (or Redis) is gone for the moment. */
function isOutage(err: unknown): boolean {
  return OUTAGE_CODES.test(textOf(err, 'code')) || LOST.test(textOf(err, 'message'));
}

/**
 * A server that goes away is noticed by every connection, each retry included: one line without a stack says it, and
 * others only when it still lasts.
 */
export const onceAnOutage = winston.format((info, options) => {
  if (info.level !== 'warn' || !isOutage(info.err)) return info;
  const { state } = options as { state: { saidAt: number } };
  if (performance.now() - state.saidAt < PAUSE_MS) return false;
  state.saidAt = performance.now();
  const reason = textOf(info.err, 'message') || textOf(info.err, 'code');
  delete info.err;
  return Object.assign(info, { message: `${String(info.message).replace(/\.$/, '')}: ${reason}.` });
});
