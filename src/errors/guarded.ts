/** Handles errors and rejections of a guarded listener; must not throw. */
export type ListenerErrorHandler = (error: unknown) => void;

/**
 * Wraps a listener for events and timers so that its errors and rejections go to `onError`. Node.js would end the
 * process for an uncaught error in a listener.
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
