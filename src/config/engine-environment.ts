/**
 * How the C library keeps the memory of a worker, whose engines compute: one heap for all threads, and what the compiler
 * of V8 takes and gives back (pieces of 8 to 32 KB) goes back to the system. Requests with bodies would take a tenth
 * longer this way, so the api has it not.
 */
const SMALL_HEAP = 'glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=32768';

/** Variables of a process that only watches others; none where the user has chosen them. */
export function smallHeapEnvironment(
  source: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, string>> {
  const chosen = Object.keys(source).some((name) => /^(GLIBC_TUNABLES$|MALLOC_)/.test(name));
  return chosen ? {} : { GLIBC_TUNABLES: SMALL_HEAP };
}

/** Settings and credentials that engines have no business with: they decode files of strangers. */
const WITHHELD =
  /PASSWORD|SECRET|TOKEN|CREDENTIAL|(_|^)KEY(_|$)|DATABASE_URL|^(DB|PG|POSTGRES|REDIS|JWT|ADMIN|AWS|S3)_|^PG/i;

/** The environment of an engine: that of this process without database, queue, secrets and the small heap. */
export function engineEnvironment(source: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const kept = Object.entries(source).filter(([name, value]) => !WITHHELD.test(name) && value !== SMALL_HEAP);
  return Object.fromEntries(kept);
}
