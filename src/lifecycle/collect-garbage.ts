import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Delay after the start, because modules loaded right after it leave garbage as well. */
const DELAY_MS = 3_000;
/**
 * By how much the heap may grow from one collection of the whole heap to the next. V8 lets a small heap grow by 8 MB, and
 * counts the buffers of new objects too: the bytes of uploads and of frames would have it collect several times a second,
 * each time with 50 ms of work on all cores.
 */
const GROWTH_PERCENT = 50;

/**
 * Runs one garbage collection shortly after the start of the process, to free memory used by the start and
 * compact the heap. V8 would only do so under allocation pressure, which an idle process does not have. Takes
 * a tenth of a second. From then on the heap may grow by half before V8 collects it again.
 */
export function collectGarbageOfStart(delayMs = DELAY_MS): void {
  const timer = setTimeout(() => {
    setFlagsFromString(`--heap-growing-percent=${String(GROWTH_PERCENT)}`);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as (() => void) | undefined;
    if (collect === undefined) return;
    setFlagsFromString('--compact-on-every-full-gc');
    collect();
    setFlagsFromString('--no-compact-on-every-full-gc');
  }, delayMs);
  timer.unref();
}
