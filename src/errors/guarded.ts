/** Takes what a guarded listener throws or rejects with; must not throw. */
export type ListenerErrorHandler = (error: unknown) => void;

/**
 * A listener for events and timers that cannot break its emitter: what it throws, and what its promise rejects with,
 * goes to `onError`. Node.js ends the process for an error that leaves a listener.
 */
export function guarded<Arguments extends unknown[]>(
  onError: ListenerErrorHandler,
  listener: (...values: Arguments) => unknown,
): (...values: Arguments) => void {
  return (...values) => {
    try {
      const result = listener(...values);
      if (result instanceof Promise) result.catch(onError);
    } catch (error) {
      onError(error);
    }
  };
}
