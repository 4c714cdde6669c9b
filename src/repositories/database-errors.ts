import { AppError, type AppErrorInit } from '../errors/app-error.js';
import type { CodeOfKind, ErrorCode } from '../errors/codes.js';

/** What an SQLSTATE or a violated constraint means to the caller. */
interface Meaning {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryAfterSeconds?: number;
}

const malformed = (message: string): Meaning => ({ code: 'VALIDATION', message });
const UNAVAILABLE: Meaning = {
  code: 'DATABASE_UNAVAILABLE',
  message: 'The database cannot be reached at the moment.',
  retryAfterSeconds: 2,
};
const BUSY: Meaning = {
  code: 'DATABASE_BUSY',
  message: 'The change conflicted with concurrent changes and was rolled back.',
  retryAfterSeconds: 1,
};
const SLOW: Meaning = {
  code: 'DATABASE_TIMEOUT',
  message: 'The database exceeded its time limit.',
  retryAfterSeconds: 2,
};

/** By SQLSTATE, longest prefix first; codes from appendix A of the PostgreSQL documentation. */
const BY_SQLSTATE: readonly (readonly [prefix: string, meaning: Meaning])[] = [
  ['22P02', malformed('A value has an invalid format.')],
  ['22P05', malformed('A text contains a character that cannot be stored.')],
  ['22021', malformed('A text contains a character that cannot be stored.')],
  ['22003', malformed('A number is too large to be stored.')],
  ['22001', malformed('A text is too long to be stored.')],
  ['22007', malformed('A time has an invalid format.')],
  ['22008', malformed('A time is outside the range that can be stored.')],
  ['23514', malformed('A value is outside of the allowed range.')],
  ['23505', { code: 'CONFLICT', message: 'The same resource already exists.' }],
  ['23503', { code: 'REFERENCE_MISSING', message: 'A referenced resource does not exist any more.' }],
  ['40001', BUSY],
  ['40P01', BUSY],
  ['55P03', BUSY],
  ['57014', SLOW],
  ['25P03', SLOW],
  ['53100', { code: 'STORAGE_FULL', message: 'The disk of the database is full.' }],
  ['53', UNAVAILABLE],
  ['57P', UNAVAILABLE],
  ['08', UNAVAILABLE],
];

const taken = (code: CodeOfKind<'conflict'>, message: string): Meaning => ({ code, message });

/** Unique constraints whose violation has its own error code. */
const BY_CONSTRAINT: Readonly<Record<string, Meaning>> = {
  users_email_key: taken('EMAIL_TAKEN', 'A user with this e-mail address already exists.'),
  datasets_live_name_key: taken('DATASET_NAME_TAKEN', 'You already have a dataset with this name.'),
  credit_transactions_job_kind_key: taken(
    'LEDGER_ROW_EXISTS',
    'The job has a ledger row of this kind already.',
  ),
  credit_transactions_session_kind_key: taken(
    'LEDGER_ROW_EXISTS',
    'The session has a ledger row of this kind already.',
  ),
};

/**
 * Errors of sockets and of the pool have no SQLSTATE; they are recognised by Sequelize's error names and the
 * driver's messages.
 */
const LOST_CONNECTION =
  /^Sequelize(Connection|HostNot|AccessDenied|InvalidConnection)|Connection terminated|Client has encountered a connection error|Client was closed|read ECONN|write EPIPE|ECONNRESET|ECONNREFUSED|ETIMEDOUT/;
const READ_TIMEOUT = /Query read timeout|timeout expired/;

/** An error and its causes; Sequelize keeps the driver's error in `parent`. */
function* chainOf(error: unknown): Generator<Record<string, unknown>> {
  let current: unknown = error;
  for (let depth = 0; depth < 6 && typeof current === 'object' && current !== null; depth += 1) {
    const link = current as Record<string, unknown>;
    yield link;
    current = link.parent ?? link.cause;
  }
}

/** The five-character SQLSTATE of any error in the chain, or undefined. */
function sqlStateOf(error: unknown): string | undefined {
  for (const { code } of chainOf(error)) {
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) return code;
  }
  return undefined;
}

/**
 * Removes statement values and row details from an error: they may contain secrets or megabytes of data,
 * which must not be logged.
 */
function dropValues(error: unknown): void {
  for (const link of chainOf(error)) {
    delete link.parameters;
    for (const item of Array.isArray(link.errors) ? (link.errors as Record<string, unknown>[]) : []) {
      delete item.instance;
      delete item.value;
    }
  }
}

function constraintOf(error: unknown): string | undefined {
  for (const { constraint } of chainOf(error)) {
    if (typeof constraint === 'string') return constraint;
  }
  return undefined;
}

function meaningOf(error: unknown): Meaning | undefined {
  const state = sqlStateOf(error);
  if (state !== undefined) {
    const named = state === '23505' ? BY_CONSTRAINT[constraintOf(error) ?? ''] : undefined;
    return named ?? BY_SQLSTATE.find(([prefix]) => state.startsWith(prefix))?.[1];
  }
  const words = [...chainOf(error)].flatMap(({ name, message }) => [String(name), String(message)]);
  if (words.some((word) => READ_TIMEOUT.test(word))) return SLOW;
  return words.some((word) => LOST_CONNECTION.test(word)) ? UNAVAILABLE : undefined;
}

/**
 * Translates a database error to an API error. Unknown errors are returned unchanged, because they are bugs
 * that must be visible.
 */
export function translateDatabaseError(error: unknown): unknown {
  if (error instanceof AppError) return error;
  dropValues(error);
  const meaning = meaningOf(error);
  if (!meaning) return error;
  const { code, message, retryAfterSeconds } = meaning;
  const details: AppErrorInit['details'] = { sqlState: sqlStateOf(error) };
  return new AppError(code, { message, retryAfterSeconds, details, cause: error });
}

/** Whether the same transaction may succeed when run again: a serialisation failure or a deadlock. */
export function isTransactionConflict(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === '40001' || state === '40P01';
}

async function* translateWhileReading<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  try {
    yield* items;
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

function translateOutcome(outcome: unknown): unknown {
  if (outcome instanceof Promise) {
    return outcome.catch((error: unknown) => {
      throw translateDatabaseError(error);
    });
  }
  const streamed = typeof outcome === 'object' && outcome !== null && Symbol.asyncIterator in outcome;
  return streamed ? translateWhileReading(outcome as AsyncIterable<unknown>) : outcome;
}

/** Wraps a repository so that all its database errors are translated, in promises and streams. */
export function translating<Repository extends object>(repository: Repository): Repository {
  return new Proxy(repository, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => translateOutcome(Reflect.apply(member, target, args));
    },
  });
}
