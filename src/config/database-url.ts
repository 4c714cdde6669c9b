import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Environment } from './environment.js';

const urlFile = z.object({ url: z.string() });

/**
 * Where the database is: `DATABASE_URL`, else the `DB_*` settings when `DB_HOST` is set, else null: the embedded one.
 * @throws Error when `DB_HOST` is set without a password in production.
 */
export function configuredDatabaseUrl(environment: Environment): string | null {
  const { DATABASE_URL, DB_HOST, DB_PORT, DB_USERNAME, DB_PASSWORD, DB_NAME, NODE_ENV } = environment;
  if (DATABASE_URL) return DATABASE_URL;
  if (!DB_HOST) return null;
  if (DB_PASSWORD === undefined && NODE_ENV === 'production') {
    throw new Error('The configuration is not valid:\n  DB_PASSWORD: is required with DB_HOST in production');
  }
  const password = DB_PASSWORD === undefined ? '' : `:${encodeURIComponent(DB_PASSWORD)}`;
  return `postgres://${encodeURIComponent(DB_USERNAME)}${password}@${DB_HOST}:${DB_PORT}/${encodeURIComponent(DB_NAME)}`;
}

/**
 * The database of a process that does not start one: the configured one, or the embedded one of a running stack.
 * @throws Error saying how to get a database when there is none.
 */
export function requireDatabaseUrl(environment: Environment): string {
  const configured = configuredDatabaseUrl(environment);
  if (configured) return configured;
  const file = path.join(environment.DATA_DIR, 'postgres.json');
  if (existsSync(file)) return urlFile.parse(JSON.parse(readFileSync(file, 'utf8'))).url;
  throw new Error(
    'There is no database: set DATABASE_URL or DB_HOST, or start the stack (npm start), which brings its own.',
  );
}
