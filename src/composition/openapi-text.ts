import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const ENTRY = new URL('./openapi-thread.js', import.meta.url);

/**
 * The OpenAPI document as JSON, built on the first request for it, which most processes never get. Building
 * takes tenths of a second, so it runs in a thread. A failure is retried at the next request.
 */
export function openApiText(version: string): () => Promise<Buffer> {
  let text: Promise<Buffer> | undefined;
  const write = async (): Promise<Buffer> => {
    // `once` rejects on an error of the thread.
    const [json] = (await once(new Worker(ENTRY, { workerData: { version } }), 'message')) as [string];
    return Buffer.from(json);
  };
  return () =>
    (text ??= write().catch((error: unknown) => {
      text = undefined;
      throw error;
    }));
}
