import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const ENTRY = new URL('./openapi-thread.js', import.meta.url);

/**
 * The OpenAPI document as JSON, written at the first question for it: most starts never get one. It takes tenths of a
 * second, in a thread, so that only the request for it waits. A failure is retried at the next request.
 */
export function openApiText(version: string): () => Promise<Buffer> {
  let text: Promise<Buffer> | undefined;
  const write = async (): Promise<Buffer> => {
    // An error of the thread rejects.
    const [json] = (await once(new Worker(ENTRY, { workerData: { version } }), 'message')) as [string];
    return Buffer.from(json);
  };
  return () =>
    (text ??= write().catch((error: unknown) => {
      text = undefined;
      throw error;
    }));
}
