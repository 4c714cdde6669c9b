import { ReadableStream } from 'node:stream/web';
import { Server } from '@tus/server';
import { v7 as uuid } from 'uuid';
import type { UploadLocks } from '../domain/incoming-upload.js';
import { AppError } from '../errors/app-error.js';
import { toAppError } from './tus-errors.js';
import { currentExchange, inExchange, type TusExchange } from './tus-exchange.js';
import { NO_LOCK, TusLock } from './tus-lock.js';
import { TusStore, type SpoolFolder } from './tus-store.js';
import type { TusUploads } from './tus-uploads.js';
import { parseChecksum } from './upload-checksum.js';
import type { ResumableStore } from '../storage/resumable-store.js';

/** Dependencies of {@link TusProtocol}. */
export interface TusProtocolDeps {
  /** Path of the uploads; that of one upload is below it. */
  readonly path: string;
  readonly files: ResumableStore;
  readonly locks: UploadLocks;
  readonly lifetimeMs: number;
  readonly spoolFolder: SpoolFolder;
}

/** A request of the protocol. */
export interface TusRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** A response of the protocol, without a body. */
export interface TusResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Headers of the library that are not about the protocol, such as those of CORS, are the API's own matter. */
const PASSED = /^(location|upload-[a-z-]+|tus-[a-z-]+|media-id|content-location)$/;

/** How long a request may go on writing when another one wants its upload. */
const DRAIN_MS = 1_000;

/** The protocol tus 1.0. */
export class TusProtocol {
  readonly #server: Server;

  constructor({ path, files, locks, lifetimeMs, spoolFolder }: TusProtocolDeps) {
    this.#server = new Server({
      path,
      datastore: new TusStore(files, { lifetimeMs, spoolFolder }),
      locker: ({ method }) => ({
        newLock: (id) => (method === 'DELETE' ? NO_LOCK : new TusLock(locks, id)),
      }),
      lockDrainTimeout: DRAIN_MS,
      relativeLocation: true,
      namingFunction: () => currentExchange().newId,
      onUploadCreate: async (_request, { id, size = 0, metadata = {} }) => {
        const exchange = currentExchange();
        await exchange.uploads.create({ id, size, metadata });
        exchange.isCreated = true;
        return {};
      },
      onUploadFinish: async (_request, { id }) => ({
        headers: { ...(await currentExchange().uploads.finish(id)) },
      }),
      onResponseError: (_request, error) => {
        currentExchange().failure = error;
        return undefined;
      },
    });
  }

  /** @throws AppError instead of a response about an error */
  async handle(request: TusRequest, uploads: TusUploads): Promise<TusResponse> {
    const checksum = parseChecksum(textOf(request.headers['upload-checksum']));
    const exchange: TusExchange = { uploads, checksum, newId: uuid() };
    const response = await inExchange(exchange, () => this.#server.handleWeb(toWeb(request, exchange)));
    const text = await response.text();
    if (response.status >= 400) {
      const { bodyFailure, failure, isCreated, newId } = exchange;
      // Its client does not learn where it is, so it could neither continue nor end it.
      if (isCreated) await uploads.terminate(newId).catch(() => undefined);
      // The library knows only that the body ended.
      if (bodyFailure instanceof AppError) throw bodyFailure;
      throw failure instanceof AppError ? failure : toAppError(response.status, text, failure);
    }
    const headers = [...response.headers].filter(([name]) => PASSED.test(name));
    return { status: response.status, headers: Object.fromEntries(headers) };
  }
}

const textOf = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'object' ? value.join(',') : value;

function toWeb({ method, path, headers, body }: TusRequest, exchange: TusExchange): Request {
  const entries = Object.entries(headers).flatMap(([name, value]): [string, string][] => {
    const text = textOf(value);
    // Only the proxies that the API trusts may say where a request came from.
    return text === undefined || name.startsWith('x-forwarded-') ? [] : [[name, text]];
  });
  const stream = body && ReadableStream.from(noted(body, exchange));
  const init = { method, headers: entries, ...(stream && { body: stream, duplex: 'half' as const }) };
  return new Request(`http://localhost${path}`, init);
}

async function* noted(
  body: AsyncIterable<Uint8Array>,
  exchange: TusExchange,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } catch (error) {
    exchange.bodyFailure = error;
    throw error;
  }
}
