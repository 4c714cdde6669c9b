import { z } from 'zod';
import { megabytes, timer } from './setting-types.js';

/** Settings of imports from URLs. */
export const importSettings = {
  /** Imports may connect to loopback, private, unique-local and carrier-grade NAT addresses. */
  IMPORT_ALLOW_PRIVATE: z.stringbool().default(false),
  /** Unfinished files of one account. */
  IMPORTS_PER_USER: z.coerce.number().int().min(1).max(10_000).default(200),
  /** Files that a worker fetches at the same time. */
  IMPORT_CONCURRENCY: z.coerce.number().int().min(1).max(64).default(4),
  /** Largest file. */
  IMPORT_MAX_MB: megabytes.default(2048 * 1024 * 1024),
  /** Time for one file. */
  IMPORT_TIMEOUT: timer.default(3600),
};
