import { createPostgresBackend, Queue } from 'bullmq';
import type pg from 'pg';
import { queueNameOf } from './jobs.js';

/**
 * Opens the BullMQ queue for the queue board. Must be called only when the database responds
 * (`waitForDatabase`).
 */
export function openPostgresQueue(pool: pg.Pool, prefix: string) {
  return new Queue(queueNameOf('inference.run', prefix), { connection: pool }, createPostgresBackend);
}
