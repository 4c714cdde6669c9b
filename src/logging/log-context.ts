import { AsyncLocalStorage } from 'node:async_hooks';

/** Fields added to every log line of one request or job. */
export interface LogContext {
  readonly requestId?: string;
  readonly jobId?: string;
  readonly userId?: string;
  /** The API key that the request was made with. */
  readonly apiKeyId?: string;
  readonly webhookId?: string;
}

const storage = new AsyncLocalStorage<LogContext>();

/** Runs `work` with `context` added to the current context; it propagates to all asynchronous work started by it. */
export function withLogContext<Value>(context: LogContext, work: () => Value): Value {
  return storage.run({ ...storage.getStore(), ...context }, work);
}

/** The context of the current request or job; empty outside of both. */
export function logContext(): LogContext {
  return storage.getStore() ?? {};
}
