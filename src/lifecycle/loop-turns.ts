import { setImmediate as nextLoopTurn } from 'node:timers/promises';

let last: Promise<void> = Promise.resolve();

/**
 * Resolves in a later turn of the event loop, for one caller per turn, in order of the calls. Work that takes
 * many milliseconds and comes in bursts waits here first, so that short requests are answered in between.
 */
export function nextTurn(): Promise<void> {
  last = last.then(() => nextLoopTurn());
  return last;
}
