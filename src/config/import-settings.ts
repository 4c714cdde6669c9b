import { z } from 'zod';
import { bucketName, megabytes, timer } from './setting-types.js';

const MAX_IMPORT_BUCKETS = 100;

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
  /** Buckets whose objects every user may import as `s3://bucket/key`, with the account of the `S3_…` settings. */
  IMPORT_S3_BUCKETS: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((name) => name.trim() || []))
    .pipe(z.array(bucketName).max(MAX_IMPORT_BUCKETS)),
};
