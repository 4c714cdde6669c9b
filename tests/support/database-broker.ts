import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runMigrations } from '../../src/composition/migrate.js';
import type { DatabaseConfig, DatabaseTimeouts } from '../../src/config/database.js';
import { writeKeyPair } from '../../src/services/token-keys.js';
import { MOTO_PATH, startMoto, type Moto } from './s3-server.js';
import { execute, openPostgresServer, type PostgresServer } from './postgres-server.js';

/** What a test file needs to make its own database. */
export interface DatabaseTemplate {
  readonly adminUrl: string;
  /** Name of a migrated, empty database that nobody is connected to. */
  readonly template: string;
}

/** Paths of a key pair that all APIs of a run sign with: to make one takes as long as to start an API. */
export interface TestKeyPaths {
  readonly privateKeyPath: string;
  readonly publicKeyPath: string;
}

/** Hands out template, keys and S3; the servers behind them start with the first question. */
export interface DatabaseBroker {
  readonly url: string;
  close(): Promise<void>;
}

/** The same server with another database. */
export function databaseUrl(adminUrl: string, database: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** Path of the broker's URL that answers with {@link TestKeyPaths}. */
export const KEYS_PATH = '/keys';

const PATIENT_MS = 600_000;

/** Settings of a database for tests, whose bursts on a busy machine wait longer than callers of the API would. */
export function testDatabaseConfig(url: string): DatabaseConfig {
  const timeouts: DatabaseTimeouts = {
    acquireMs: PATIENT_MS,
    connectMs: PATIENT_MS,
    statementMs: PATIENT_MS,
    idleInTransactionMs: PATIENT_MS,
  };
  return { url, poolMax: 10, applicationName: 'infernode-test', timeouts };
}

async function makeTemplate(server: PostgresServer): Promise<DatabaseTemplate> {
  const template = `infernode_template_${randomBytes(6).toString('hex')}`;
  await execute(server.adminUrl, `CREATE DATABASE ${template}`);
  await runMigrations(testDatabaseConfig(databaseUrl(server.adminUrl, template)));
  return { adminUrl: server.adminUrl, template };
}

async function makeKeys(): Promise<TestKeyPaths> {
  const folder = await mkdtemp(path.join(tmpdir(), 'infernode-keys-'));
  const [privateKeyPath, publicKeyPath] = ['private.key', 'public.key'].map((name) =>
    path.join(folder, name),
  );
  await writeKeyPair({ privateKeyPath, publicKeyPath }, { overwrite: false });
  return { privateKeyPath, publicKeyPath };
}

/** Opens the broker on loopback. Suites that need no database never pay for one. */
export async function openDatabaseBroker(): Promise<DatabaseBroker> {
  let opening: Promise<{ server: PostgresServer; template: DatabaseTemplate }> | undefined;
  const open = async () => {
    const server = await openPostgresServer();
    return { server, template: await makeTemplate(server) };
  };
  let keys: Promise<TestKeyPaths> | undefined;
  let moto: Promise<Moto> | undefined;
  const answer = async (url = '/'): Promise<DatabaseTemplate | TestKeyPaths | Pick<Moto, 'port'>> => {
    if (url === KEYS_PATH) return (keys ??= makeKeys());
    if (url === MOTO_PATH) return (moto ??= startMoto());
    return (await (opening ??= open())).template;
  };
  const http = createServer((request, response) => {
    // A kept connection may be closed at the very moment in which a suite asks again.
    response.shouldKeepAlive = false;
    answer(request.url).then(
      (body) => response.end(JSON.stringify(body)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: async () => {
      await new Promise((resolve) => {
        http.close(resolve);
        http.closeAllConnections();
      });
      await moto?.then(
        (started) => started.close(),
        () => undefined,
      );
      const opened = await opening?.catch(() => undefined);
      if (!opened) return;
      const { adminUrl, template } = opened.template;
      await execute(adminUrl, `DROP DATABASE IF EXISTS ${template} WITH (FORCE)`);
      await opened.server.stop();
    },
  };
}
