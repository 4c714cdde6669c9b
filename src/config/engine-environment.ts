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

/** For children that compute: the heap is small only where the user has chosen it. */
export function withoutSmallHeap(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== SMALL_HEAP));
}
