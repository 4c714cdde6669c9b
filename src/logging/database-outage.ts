import winston from 'winston';

/** Pause between two lines of one process about the same outage. */
const PAUSE_MS = 30_000;

/** Administrator commands, crashes and starts of PostgreSQL, lost connections, and refused ones. */
const OUTAGE_CODES = /^(57P0[1-5]|08...|ECONNREFUSED|ECONNRESET)$/;
const LOST = /^Connection terminated/;

const textOf = (value: unknown, key: string): string =>
  typeof value === 'object' && value !== null ? String(Reflect.get(value, key) ?? '') : '';

/** Port of the other side, which refused connections name; that of the first address where a name has several. */
function portOf(err: unknown): number {
  const errors: unknown = typeof err === 'object' && err !== null ? Reflect.get(err, 'errors') : undefined;
  return Number(textOf(Array.isArray(errors) ? errors[0] : err, 'port'));
}

/** What a process keeps of outages. */
interface OutageState {
  /** When each source was last spoken of. */
  readonly saidAt: Map<string, number>;
  /** Port of Redis where the queue is there. */
  readonly redisPort?: number;
}

/** Which server an error says is gone for the moment; null for other errors. */
function sourceOf(err: unknown, message: string, { redisPort }: OutageState): string | null {
  const code = textOf(err, 'code');
  const lost = LOST.test(textOf(err, 'message'));
  if (!lost && !OUTAGE_CODES.test(code)) return null;
  // A connection that broke off does not name its server, so its line speaks for itself alone.
  if (code === 'ECONNRESET' && redisPort !== undefined) return message;
  return code === 'ECONNREFUSED' && portOf(err) === redisPort ? 'Redis' : 'the database';
}

/**
 * A server that goes away is noticed by every connection, each retry included: one line without a stack says it, and
 * others only when it still lasts. What is said of the database hides nothing of Redis.
 */
export const onceAnOutage = winston.format((info, options) => {
  if (info.level !== 'warn') return info;
  const { state } = options as { state: OutageState };
  const source = sourceOf(info.err, String(info.message), state);
  if (source === null) return info;
  if (performance.now() - (state.saidAt.get(source) ?? Number.NEGATIVE_INFINITY) < PAUSE_MS) return false;
  state.saidAt.set(source, performance.now());
  const reason = textOf(info.err, 'message') || textOf(info.err, 'code');
  delete info.err;
  return Object.assign(info, { message: `${String(info.message).replace(/\.$/, '')}: ${reason}.` });
});
