import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Delay after the start, because modules loaded right after it leave garbage as well. */
const DELAY_MS = 3_000;

/**
 * Runs one garbage collection shortly after the start of the process, to free memory used by the start and
 * compact the heap. V8 would only do so under allocation pressure, which an idle process does not have. Takes
 * a tenth of a second.
 */
export function collectGarbageOfStart(): void {
  const timer = setTimeout(() => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as (() => void) | undefined;
    if (collect === undefined) return;
    setFlagsFromString('--compact-on-every-full-gc');
    collect();
    setFlagsFromString('--no-compact-on-every-full-gc');
  }, DELAY_MS);
  timer.unref();
}
