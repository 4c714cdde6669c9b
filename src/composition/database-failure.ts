import pg from 'pg';

/** Address of a database, without secrets. */
export interface DatabaseTarget {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly account: string;
}

/** Why a database cannot be used. */
export interface DatabaseFailure {
  /** One clause, such as "connection refused". */
  readonly reason: string;
  /** What to do about it, as a sentence; empty if the reason suffices. */
  readonly advice: string;
  /** Whether waiting cannot help. */
  readonly final: boolean;
}

/** Oldest supported PostgreSQL version. */
export const MINIMUM_POSTGRES = 15;

/** The target of `url` as the driver parses it, without the password. */
export function databaseTarget(url: string): DatabaseTarget {
  const { host, port, database, user } = new pg.Client({ connectionString: url });
  return { host, port, database: database ?? '', account: user ?? '' };
}

/** `host:port/database`, for messages. */
export function nameOf({ host, port, database }: DatabaseTarget): string {
  return `${host}:${port}/${database}`;
}

/** The server has an unsupported major version. */
export class ServerTooOld extends Error {
  constructor(readonly version: string) {
    super(`PostgreSQL ${version} is too old`);
    this.name = 'ServerTooOld';
  }
}

const waiting = (reason: string, advice = ''): DatabaseFailure => ({ reason, advice, final: false });
const final = (reason: string, advice: string): DatabaseFailure => ({ reason, advice, final: true });

const WITH_TLS =
  'Give the address as DATABASE_URL=postgres://user:password@host:port/name?sslmode=verify-full (or sslmode=no-verify for a self-signed certificate).';

type Explain = (target: DatabaseTarget) => DatabaseFailure;

/** Explanations by the code of a socket error or by SQLSTATE. */
const BY_CODE: Readonly<Record<string, Explain>> = {
  ECONNREFUSED: () =>
    waiting(
      'nothing listens there (connection refused)',
      'Start PostgreSQL there, or correct DATABASE_URL or DB_HOST and DB_PORT.',
    ),
  ENOENT: () => waiting('there is no such socket', 'Start PostgreSQL there, or correct DATABASE_URL.'),
  ENOTFOUND: ({ host }) => waiting(`the host name ${host} is not known`, 'Correct DATABASE_URL or DB_HOST.'),
  EAI_AGAIN: ({ host }) => waiting(`the host name ${host} cannot be looked up at the moment`),
  EHOSTUNREACH: () => waiting('there is no route to the host'),
  ENETUNREACH: () => waiting('there is no route to the host'),
  ETIMEDOUT: () => waiting('no answer'),
  ECONNRESET: () => waiting('the connection was cut while it was made'),
  '28P01': ({ account }) =>
    waiting(
      `the password of account "${account}" is refused`,
      'Correct DB_PASSWORD, or the password in DATABASE_URL.',
    ),
  '28000': ({ account }) =>
    waiting(
      `account "${account}" is not allowed to connect`,
      "Access is configured in the server's pg_hba.conf.",
    ),
  '3D000': ({ database, host, port, account }) =>
    waiting(
      `there is no database "${database}"`,
      `Create it (createdb --host=${host} --port=${port} --username=${account} ${database}), or correct DB_NAME or DATABASE_URL.`,
    ),
  '53300': () =>
    waiting('all connections of the server are in use', 'Raise its max_connections, or lower DB_POOL_MAX.'),
  '57P03': () => waiting('the server is starting or stopping'),
  '57P01': () => waiting('the server is stopping'),
  '42501': ({ account, database }) =>
    final(
      `account "${account}" may not create the tables`,
      `As the owner of the database: GRANT CREATE, CONNECT ON DATABASE "${database}" TO "${account}"; GRANT CREATE, USAGE ON SCHEMA public TO "${account}";`,
    ),
};

/** Explanations by the driver's message, for errors without a code. */
const BY_WORDS: readonly (readonly [RegExp, Explain])[] = [
  [
    /no encryption|SSL off|requires? (SSL|TLS|encryption)|SSL required/i,
    () => waiting('the server accepts only encrypted connections', WITH_TLS),
  ],
  [
    /does not support SSL/i,
    () =>
      waiting(
        'the server does not support encryption, but the settings require it',
        'Remove sslmode from DATABASE_URL.',
      ),
  ],
  [
    /self.signed|unable to (verify|get)|certificate|altname/i,
    () => waiting('the certificate of the server cannot be verified', WITH_TLS),
  ],
  [
    /password must be a string|no password|empty password/i,
    ({ account }) =>
      waiting(
        `the server requires a password for account "${account}"`,
        'Set DB_PASSWORD, or put it into DATABASE_URL.',
      ),
  ],
  [/timeout|timed out/i, () => waiting('no answer')],
  [
    /terminated unexpectedly|Connection terminated/i,
    () => waiting('the connection was cut while it was made'),
  ],
];

/** An error and its causes; Sequelize keeps the driver's error in `parent`. */
function* chainOf(error: unknown): Generator<Record<string, unknown>> {
  let current: unknown = error;
  for (let depth = 0; depth < 6 && typeof current === 'object' && current !== null; depth += 1) {
    const link = current as Record<string, unknown>;
    yield link;
    current = link.parent ?? link.cause;
  }
}

/** Explains the error of a connection or a migration. */
export function explainDatabaseFailure(error: unknown, target: DatabaseTarget): DatabaseFailure {
  const links = [...chainOf(error)];
  const tooOld = links.find((link) => link instanceof ServerTooOld);
  if (tooOld instanceof ServerTooOld) {
    return final(
      `the server is PostgreSQL ${tooOld.version}, but at least version ${MINIMUM_POSTGRES} is required`,
      'Use a newer server, or none: without DATABASE_URL and DB_HOST the embedded PostgreSQL is used.',
    );
  }
  const words = links.map(({ message }) => String(message ?? '')).join('\n');
  const byWords = BY_WORDS.find(([pattern]) => pattern.test(words))?.[1];
  const code = links.map((link) => String(link.code ?? '')).find((text) => text in BY_CODE);
  // A rejection by pg_hba.conf has the same code for every reason, so its message is checked first.
  const explain = code === undefined || code === '28000' ? (byWords ?? BY_CODE[code ?? '']) : BY_CODE[code];
  return explain?.(target) ?? waiting(words || String(error));
}
