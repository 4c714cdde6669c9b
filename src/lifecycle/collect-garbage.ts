import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Modules that are loaded right after the start leave something behind as well. */
const DELAY_MS = 3_000;

/**
 * Collects what the start of this process left behind and moves what stays together, once and a little later: V8 does
 * that when more garbage comes, which an idle process does not make, and keeps the memory until then. It takes a tenth
 * of a second.
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
