import type { MessagePort } from 'node:worker_threads';
import { messageOf } from '../../errors/app-error.js';
import type { ThreadReply, ThreadRequest } from './thread-messages.js';

/** A result, and the buffers in it that are transferred to the receiver. */
export interface ThreadAnswer<Result> {
  readonly result: Result;
  readonly transfer: readonly ArrayBuffer[];
}

/** Answers the requests of a `ThreadPool` in this worker thread, one after the other. */
export function serveThread<Work, Result>(
  port: MessagePort,
  handle: (work: Work) => ThreadAnswer<Result> | Promise<ThreadAnswer<Result>>,
): void {
  const answer = async ({ id, work }: ThreadRequest<Work>): Promise<void> => {
    try {
      const { result, transfer } = await handle(work);
      const reply: ThreadReply<Result> = { id, result };
      port.postMessage(reply, [...transfer]);
    } catch (error) {
      const reply: ThreadReply<Result> = { id, error: messageOf(error).slice(0, 500) };
      port.postMessage(reply);
    }
  };
  let last = Promise.resolve();
  port.on('message', (request: ThreadRequest<Work>) => {
    last = last.then(() => answer(request));
  });
}
