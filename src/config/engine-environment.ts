/**
 * glibc malloc settings of a worker, whose engines do the computing: one heap for all threads, and blocks of 32 KB and
 * more, such as those of V8's compiler, are returned to the system immediately. Not used by the api, because requests
 * with bodies would take 10 % longer.
 */
const SMALL_HEAP = 'glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=32768';

/** Environment of a process that only supervises others; empty when the user has set malloc variables. */
export function smallHeapEnvironment(
  source: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, string>> {
  const chosen = Object.keys(source).some((name) => /^(GLIBC_TUNABLES$|MALLOC_)/.test(name));
  return chosen ? {} : { GLIBC_TUNABLES: SMALL_HEAP };
}

/** Environment for computing children: removes the small-heap setting unless it was set by the user. */
export function withoutSmallHeap(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== SMALL_HEAP));
}
