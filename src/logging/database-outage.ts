import winston from 'winston';

/** Minimum time between two log lines of a process about the same outage. */
const PAUSE_MS = 30_000;

/** Codes of shutdowns, crashes and starts of PostgreSQL, of lost connections, of refused ones, and what repositories make of them. */
const OUTAGE_CODES = /^(57P0[1-5]|08...|ECONNREFUSED|ECONNRESET|DATABASE_UNAVAILABLE)$/;
const LOST = /^Connection terminated/;

const textOf = (value: unknown, key: string): string =>
  typeof value === 'object' && value !== null ? String(Reflect.get(value, key) ?? '') : '';

/** Port of the server in a refused connection; with several addresses, that of the first. */
function portOf(err: unknown): number {
  const errors: unknown = typeof err === 'object' && err !== null ? Reflect.get(err, 'errors') : undefined;
  return Number(textOf(Array.isArray(errors) ? errors[0] : err, 'port'));
}

/** State of {@link oncePerOutage}, kept per process. */
export interface OutageState {
  /** When each source was last logged. */
  readonly loggedAt: Map<string, number>;
  /** Port of Redis when it is the queue backend. */
  readonly redisPort?: number;
}

/** Which server an error reports as unavailable; `null` for other errors. */
function sourceOf(err: unknown, message: string, { redisPort }: OutageState): string | null {
  const code = textOf(err, 'code');
  const lost = LOST.test(textOf(err, 'message'));
  if (!lost && !OUTAGE_CODES.test(code)) return null;
  // A reset connection does not name its server, so its line is only deduplicated against itself.
  if (code === 'ECONNRESET' && redisPort !== undefined) return message;
  return code === 'ECONNREFUSED' && portOf(err) === redisPort ? 'Redis' : 'the database';
}

/**
 * Deduplicates outage warnings: every connection and every retry notices an unavailable server, but one line without a
 * stack is enough, repeated only while the outage lasts. Database and Redis outages are tracked separately. The option
 * `state` must be an {@link OutageState}; winston does not check the type of options.
 */
export const oncePerOutage = winston.format((info, options) => {
  if (info.level !== 'warn') return info;
  const { state } = options as { state: OutageState };
  const source = sourceOf(info.err, String(info.message), state);
  if (source === null) return info;
  if (performance.now() - (state.loggedAt.get(source) ?? Number.NEGATIVE_INFINITY) < PAUSE_MS) return false;
  state.loggedAt.set(source, performance.now());
  const reason = textOf(info.err, 'message') || textOf(info.err, 'code');
  delete info.err;
  const withoutStop = (text: string): string => text.replace(/\.$/, '');
  return Object.assign(info, { message: `${withoutStop(String(info.message))}: ${withoutStop(reason)}.` });
});
