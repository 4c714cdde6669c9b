import type { EventEmitter } from 'node:events';

/** Signals that end a process gracefully; SIGHUP is sent when its terminal is closed. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Under npm one Ctrl-C arrives twice: from the terminal, and forwarded by npm. Only a signal later than this
 * counts as a second request.
 */
const DUPLICATE_SIGNAL_MS = 500;

/** Calls `stop` at the first stop signal, and `force` at the second. */
export function onStopSignals(
  emitter: EventEmitter,
  { stop, force }: { stop: (signal: string) => void; force: () => void },
): void {
  let firstAt: number | undefined;
  const onSignal = (signal: string) => {
    if (firstAt === undefined) {
      firstAt = Date.now();
      stop(signal);
    } else if (Date.now() - firstAt > DUPLICATE_SIGNAL_MS) force();
  };
  for (const signal of STOP_SIGNALS) emitter.on(signal, () => onSignal(signal));
}

/** Resolves at the first stop signal; a second one exits immediately with code 130. */
export function stopRequest(): Promise<void> {
  return new Promise((resolve) => {
    onStopSignals(process, { stop: () => resolve(), force: () => process.exit(130) });
  });
}
