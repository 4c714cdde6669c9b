import pRetry from 'p-retry';
import pg from 'pg';
import type { DatabaseConfig } from '../config/database.js';
import { AppError } from '../errors/app-error.js';
import {
  databaseTarget,
  explainDatabaseFailure,
  MINIMUM_POSTGRES,
  nameOf,
  ServerTooOld,
  type DatabaseFailure,
} from './database-failure.js';
import { WaitingNotice } from './waiting-notice.js';

/** How to wait for a service that a process requires. */
export interface WaitOptions {
  /** Milliseconds after which to give up; unlimited by default. */
  readonly timeoutMs?: number;
  /** Stops the wait immediately. */
  readonly signal?: AbortSignal;
  /** Receives a sentence at the first failure and then every few seconds. */
  readonly onWaiting?: (sentence: string) => void;
  /** Whether to create the database if the server has none with its name. */
  readonly create?: boolean;
}

/** Retry options with back-off until the timeout or the signal; the caller decides which errors to retry. */
export const startupRetries = ({ signal, timeoutMs }: WaitOptions) => ({
  retries: Infinity,
  minTimeout: 50,
  maxTimeout: 2_000,
  maxRetryTime: timeoutMs,
  signal,
  onFailedAttempt: () => signal?.throwIfAborted(),
});

const DATABASE_MISSING = '3D000';

async function connected(
  url: string,
  config: DatabaseConfig,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: config.applicationName,
    connectionTimeoutMillis: config.timeouts.connectMs,
    query_timeout: config.timeouts.statementMs || undefined,
  });
  // Without a handler a lost connection would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function requireNewServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ number: string; version: string }>(
    `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version`,
  );
  if (Number(rows[0].number) < MINIMUM_POSTGRES * 10_000) throw new ServerTooOld(rows[0].version);
}

async function createDatabase(config: DatabaseConfig): Promise<void> {
  const url = new URL(config.url);
  const name = decodeURIComponent(url.pathname.slice(1));
  url.pathname = '/postgres';
  await connected(url.href, config, async (client) => {
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`).catch((error: unknown) => {
      // Another process has created it in the meantime.
      if (!(error instanceof Error && 'code' in error && error.code === '42P04')) throw error;
    });
  });
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === DATABASE_MISSING;

/** Settles with `work`, or rejects with the reason of `signal` as soon as it is aborted. */
export async function untilAborted<Value>(work: Promise<Value>, signal?: AbortSignal): Promise<Value> {
  if (!signal) return work;
  signal.throwIfAborted();
  const cleaned = new AbortController();
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: cleaned.signal });
  });
  return Promise.race([work, aborted]).finally(() => cleaned.abort());
}

/** The error of a database that cannot be used. */
export function databaseUnusable(config: DatabaseConfig, failure: DatabaseFailure, cause: unknown): AppError {
  const { reason, advice } = failure;
  return new AppError('DATABASE_UNUSABLE', {
    message: `The database ${nameOf(databaseTarget(config.url))} cannot be used: ${reason}. ${advice}`.trim(),
    cause,
  });
}

/**
 * Waits with back-off until the database responds and its version is supported. Queue objects must not be
 * created before, because they never recover from a failed first connection.
 * @throws AppError DATABASE_UNUSABLE with reason and advice after the timeout or when waiting cannot help.
 */
export async function waitForDatabase(config: DatabaseConfig, options: WaitOptions = {}): Promise<void> {
  const target = databaseTarget(config.url);
  const notice = new WaitingNotice(`the database ${nameOf(target)}`, options);
  let failure: DatabaseFailure | undefined;
  const attempt = () =>
    connectOrCreate(config, options).catch((error: unknown) => {
      failure = explainDatabaseFailure(error, target);
      throw databaseUnusable(config, failure, error);
    });
  await pRetry(attempt, {
    ...startupRetries(options),
    shouldRetry: () => {
      if (!failure || failure.final) return false;
      notice.say(failure.reason, failure.advice);
      return true;
    },
  });
}

async function connectOrCreate(config: DatabaseConfig, { signal, create }: WaitOptions): Promise<void> {
  const connect = () => untilAborted(connected(config.url, config, requireNewServer), signal);
  await connect().catch(async (error: unknown) => {
    if (!create || !isMissing(error)) throw error;
    await untilAborted(createDatabase(config), signal);
    await connect();
  });
}
