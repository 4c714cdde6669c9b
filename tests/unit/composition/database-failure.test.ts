import {
  databaseTarget,
  explainDatabaseFailure,
  ServerTooOld,
} from '../../../src/composition/database-failure.js';

const target = databaseTarget('postgres://app:secret@db.example:5433/things');
const explain = (message: string, code?: string) =>
  explainDatabaseFailure(Object.assign(new Error(message), code === undefined ? {} : { code }), target);

describe('database failure', () => {
  it('a target has no password', () => {
    expect(target).toEqual({ host: 'db.example', port: 5433, database: 'things', account: 'app' });
  });

  // The words are those of PostgreSQL 15 to 18 and of the driver pg 8.
  it.each([
    [
      'no pg_hba.conf entry for host "10.0.0.1", user "app", database "things", no encryption',
      '28000',
      'only encrypted connections',
      'sslmode=verify-full',
    ],
    ['The server does not support SSL connections', undefined, 'does not support encryption', 'sslmode'],
    ['self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate', 'sslmode=no-verify'],
    [
      'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string',
      undefined,
      'requires a password for account "app"',
      'DB_PASSWORD',
    ],
    ['getaddrinfo ENOTFOUND db.example', 'ENOTFOUND', 'host name db.example is not known', 'DB_HOST'],
    ['timeout expired', undefined, 'no answer', ''],
    ['sorry, too many clients already', '53300', 'all connections', 'max_connections'],
  ] as const)('%s', (message, code, reason, advice) => {
    const failure = explain(message, code);
    expect(failure.reason).toContain(reason);
    expect(failure.advice).toContain(advice);
    expect(failure.final).toBe(false);
  });

  it('waiting helps neither against an old server nor against missing rights', () => {
    expect(explainDatabaseFailure(new ServerTooOld('14.9'), target)).toMatchObject({
      final: true,
      reason: 'the server is PostgreSQL 14.9, but at least version 15 is required',
    });
    // Sequelize keeps the driver's error in `parent`.
    const wrapped = Object.assign(new Error('wrapped'), {
      parent: Object.assign(new Error('permission denied for schema public'), { code: '42501' }),
    });
    expect(explainDatabaseFailure(wrapped, target)).toMatchObject({ final: true });
  });
});
