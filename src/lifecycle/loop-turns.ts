import { setImmediate as nextLoopTurn } from 'node:timers/promises';

let last: Promise<void> = Promise.resolve();

/**
 * Resolves in a later turn of the event loop, for one caller in each turn, in the order of asking. Work of many
 * milliseconds that comes many times at once waits here first, so that whatever is short is answered in between.
 */
export function nextTurn(): Promise<void> {
  last = last.then(() => nextLoopTurn());
  return last;
}
