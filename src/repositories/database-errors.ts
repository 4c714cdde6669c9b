import { AppError, type AppErrorInit } from '../errors/app-error.js';
import type { CodeOfKind, ErrorCode } from '../errors/codes.js';

/** What an SQLSTATE, or the name of a constraint, means to the caller. */
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
  message: 'The database had to stop this change in favour of others at the same time.',
  retryAfterSeconds: 1,
};
const SLOW: Meaning = {
  code: 'DATABASE_TIMEOUT',
  message: 'The database did not answer in time.',
  retryAfterSeconds: 2,
};

/** By SQLSTATE, longest prefix first; the codes are those of PostgreSQL's appendix A. */
const BY_SQLSTATE: readonly (readonly [prefix: string, meaning: Meaning])[] = [
  ['22P02', malformed('A value does not have the form that its column needs.')],
  ['22P05', malformed('A text contains a character that cannot be stored.')],
  ['22021', malformed('A text contains a character that cannot be stored.')],
  ['22003', malformed('A number is too large to be stored.')],
  ['22001', malformed('A text is too long to be stored.')],
  ['22007', malformed('A time does not have the form that its column needs.')],
  ['22008', malformed('A time is outside the range that can be stored.')],
  ['23514', malformed('A value is outside the range that its column allows.')],
  ['23505', { code: 'CONFLICT', message: 'The same thing exists already.' }],
  ['23503', { code: 'REFERENCE_MISSING', message: 'Something this refers to is gone.' }],
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

/** Unique constraints whose violation has a name in the API. */
const BY_CONSTRAINT: Readonly<Record<string, Meaning>> = {
  users_email_key: taken('EMAIL_TAKEN', 'A user with this e-mail address exists already.'),
  datasets_live_name_key: taken('DATASET_NAME_TAKEN', 'You already have a dataset of this name.'),
  credit_transactions_job_kind_key: taken(
    'LEDGER_ROW_EXISTS',
    'The job has a ledger row of this kind already.',
  ),
  credit_transactions_session_kind_key: taken(
    'LEDGER_ROW_EXISTS',
    'The session has a ledger row of this kind already.',
  ),
};

/** Errors of sockets and of the pool have no SQLSTATE: the names of Sequelize and the words of the driver. */
const LOST_CONNECTION =
  /^Sequelize(Connection|HostNot|AccessDenied|InvalidConnection)|Connection terminated|Client has encountered a connection error|Client was closed|read ECONN|write EPIPE|ECONNRESET|ECONNREFUSED|ETIMEDOUT/;
const READ_TIMEOUT = /Query read timeout|timeout expired/;

/** The chain of an error and what it was made of: Sequelize keeps the driver's error in `parent`. */
function* chainOf(error: unknown): Generator<Record<string, unknown>> {
  let current: unknown = error;
  for (let depth = 0; depth < 6 && typeof current === 'object' && current !== null; depth += 1) {
    const link = current as Record<string, unknown>;
    yield link;
    current = link.parent ?? link.cause;
  }
}

/** The five characters of PostgreSQL's error code anywhere in the chain, or undefined. */
function sqlStateOf(error: unknown): string | undefined {
  for (const { code } of chainOf(error)) {
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) return code;
  }
  return undefined;
}

/** Errors carry the statement's values and the row: secrets or megabytes, which must not end in a log. */
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
 * An error of the database as the API's error; anything else comes back as it is, because an unknown
 * error is a bug that must be seen.
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

/** Whether the same transaction, run again, may go through: a serialisation failure or a deadlock. */
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

/** The same repository with every error of the database translated, in its promises and its streams. */
export function translating<Repository extends object>(repository: Repository): Repository {
  return new Proxy(repository, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => translateOutcome(Reflect.apply(member, target, args));
    },
  });
}
