import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseConfig } from '../config/database.js';
import { messageOf } from '../errors/app-error.js';
import { createSequelize } from '../models/create-sequelize.js';

/** How to wait. */
export interface WaitOptions {
  /** Milliseconds after which waiting is given up; for ever by default. */
  readonly deadlineMs?: number;
  /** Stops the wait. */
  readonly signal?: AbortSignal;
  /** Hears of every try that failed. */
  readonly onRetry?: (message: string) => void;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Waits with back-off until the database answers. Queue objects must not be built before: they remember a
 * connection that failed at their start for ever.
 * @throws the last error when the deadline has passed.
 */
export async function waitForDatabase(config: DatabaseConfig, options: WaitOptions = {}): Promise<void> {
  const { deadlineMs = Number.POSITIVE_INFINITY, signal, onRetry } = options;
  const sequelize = createSequelize({ ...config, poolMax: 1 });
  const startedAt = Date.now();
  try {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      signal?.throwIfAborted();
      try {
        await sequelize.query('SELECT 1');
        return;
      } catch (error) {
        if (Date.now() - startedAt + pause > deadlineMs) throw error;
        onRetry?.(messageOf(error));
      }
      await delay(pause, undefined, { signal });
    }
  } finally {
    await sequelize.close();
  }
}
