import { AsyncLocalStorage } from 'node:async_hooks';
import type { UploadChecksum } from './upload-checksum.js';
import type { TusUploads } from './tus-uploads.js';

/** One request, for the callbacks of the library, which know only its web request. */
export interface TusExchange {
  readonly uploads: TusUploads;
  /** Id of an upload that the request creates. */
  readonly newId: string;
  readonly checksum: UploadChecksum | null;
  /** Whether the upload with `newId` was created. */
  isCreated?: boolean;
  /** The error that the library is about to answer. */
  failure?: unknown;
  /** Why the body ended early. */
  bodyFailure?: unknown;
}

const exchanges = new AsyncLocalStorage<TusExchange>();

export const inExchange = <Value>(exchange: TusExchange, work: () => Promise<Value>): Promise<Value> =>
  exchanges.run(exchange, work);

/** @throws TypeError outside of a request */
export function currentExchange(): TusExchange {
  const exchange = exchanges.getStore();
  if (!exchange) throw new TypeError('the store was used outside of a request');
  return exchange;
}
