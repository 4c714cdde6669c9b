import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { AppError } from '../errors/app-error.js';
import { ADVISORY_LOCKS } from '../queue/advisory-lock.js';

const LOCK_DEADLINE_MS = 60_000;
const LOCK_PAUSE_MS = 250;

/**
 * Waits until nobody removes files; from then on nobody else does until the session ends.
 * @throws AppError BACKUP_BUSY after a minute
 */
export async function holdFiles(client: pg.Client): Promise<void> {
  for (const deadline = Date.now() + LOCK_DEADLINE_MS; ;) {
    const { rows } = await client.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1) AS held', [
      ADVISORY_LOCKS.files,
    ]);
    if (rows[0].held) return;
    if (Date.now() > deadline) {
      throw new AppError('BACKUP_BUSY', {
        message: `A backup runs, or files are being removed: waited ${LOCK_DEADLINE_MS / 1000} s for it.`,
      });
    }
    await delay(LOCK_PAUSE_MS);
  }
}

/** Runs `work` while nobody else removes files, and no backup runs. */
export async function withFilesHeld<Value>(databaseUrl: string, work: () => Promise<Value>): Promise<Value> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'infernode-files',
    keepAlive: true,
  });
  // Without a handler a lost connection would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await holdFiles(client);
    return await work();
  } finally {
    await client.end().catch(() => undefined);
  }
}
