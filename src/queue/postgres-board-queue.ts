import { createPostgresBackend, Queue } from 'bullmq';
import type pg from 'pg';
import { queueNameOf } from './jobs.js';

/** Opens the BullMQ queue itself, for the queue board. Build it only when the database answers (`waitForDatabase`). */
export function openPostgresQueue(pool: pg.Pool, prefix: string) {
  return new Queue(queueNameOf('inference.run', prefix), { connection: pool }, createPostgresBackend);
}
