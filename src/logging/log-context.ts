import { AsyncLocalStorage } from 'node:async_hooks';

/** What every log line of one request or one job carries. */
export interface LogContext {
  readonly requestId?: string;
  readonly jobId?: string;
  readonly userId?: string;
}

const storage = new AsyncLocalStorage<LogContext>();

/** Runs `work` with `context` added to that of the caller; it reaches everything that `work` starts. */
export function withLogContext<Value>(context: LogContext, work: () => Value): Value {
  return storage.run({ ...storage.getStore(), ...context }, work);
}

/** The context of the running request or job; empty outside of both. */
export function logContext(): LogContext {
  return storage.getStore() ?? {};
}
