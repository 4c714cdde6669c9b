import type { EventEmitter } from 'node:events';

/** What ends a process in good order; SIGHUP comes when its terminal is closed. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * One Ctrl-C under npm arrives twice: from the terminal and, passed on, from npm. Only a signal that comes later than
 * this is a second preference.
 */
const SAME_WISH_MS = 500;

/** Calls `stop` at the first signal to stop, and `force` when the user asks again. */
export function onStopSignals(
  emitter: EventEmitter,
  { stop, force }: { stop: (signal: string) => void; force: () => void },
): void {
  let firstAt: number | undefined;
  const onSignal = (signal: string) => {
    if (firstAt === undefined) {
      firstAt = Date.now();
      stop(signal);
    } else if (Date.now() - firstAt > SAME_WISH_MS) force();
  };
  for (const signal of STOP_SIGNALS) emitter.on(signal, () => onSignal(signal));
}

/** Resolves at the first signal to stop; a second one ends the process at once with code 130. */
export function stopRequest(): Promise<void> {
  return new Promise((resolve) => {
    onStopSignals(process, { stop: () => resolve(), force: () => process.exit(130) });
  });
}
