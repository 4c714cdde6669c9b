import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Request } from 'express';
import { AppError } from '../../errors/app-error.js';
import type { Reservation } from '../../lifecycle/memory-budget.js';

/** How a body is received. */
export interface ReceiveOptions {
  /** Bytes of the body, decompressed. */
  readonly limitBytes: number;
  /** Memory that the body takes while it is in flight. */
  readonly memory: Reservation;
  /** Looks at every piece before the next one is read; what it throws refuses the body. */
  readonly check?: (chunk: Buffer) => void;
}

/** Up to here the ratio of compression does not matter. */
const FREE_BYTES = 2 ** 20;
/** Texts and numbers of real requests are compressed by less. */
const MAX_RATIO = 100;

/** First piece of memory of a body whose length is not known. */
const FIRST_BYTES = 4096;

const DECODERS = { gzip: createGunzip, deflate: createInflate, br: createBrotliDecompress } as const;
type Encoding = keyof typeof DECODERS;

/**
 * The body in one piece of memory, decompressed. Nothing more is read once it is beyond a limit.
 * @throws AppError BODY_TOO_LARGE (too_large), MALFORMED_BODY for what cannot be decompressed, UNSUPPORTED_TYPE for an
 * unknown encoding, REQUEST_ABORTED when the sender leaves, OUT_OF_MEMORY (unavailable), and what `check` throws
 */
export async function receiveBytes(request: Request, options: ReceiveOptions): Promise<Buffer> {
  const encoding = encodingOf(request);
  const announced = announcedLength(request);
  if (announced !== null && announced > options.limitBytes) throw tooLarge(options.limitBytes);
  const store = encoding === null && announced !== null ? new WholeStore(announced) : new GrowingStore();
  await (encoding === null
    ? collect(request, request, { ...options, store })
    : decompress(request, encoding, { ...options, store }));
  return store.whole();
}

/** Bytes that the header announces, as they travel; null where it does not tell. */
const announcedLength = ({ headers }: Request): number | null =>
  headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : null;

function encodingOf({ headers }: Request): Encoding | null {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity') return null;
  if (encoding === 'gzip' || encoding === 'deflate' || encoding === 'br') return encoding;
  const shown = /^[\w.+-]{1,40}$/.test(encoding) ? ` ${encoding}` : '';
  throw new AppError({
    code: 'UNSUPPORTED_TYPE',
    kind: 'unsupported_type',
    message: `The Content-Encoding${shown} is not supported: send gzip, deflate, br, or the body as it is.`,
  });
}

/** Where the pieces of a body go. */
interface Store {
  add(chunk: Buffer): void;
  whole(): Buffer;
}

/** Memory of the announced length: pages that nothing was written to take none. */
class WholeStore implements Store {
  readonly #whole: Buffer;
  #filled = 0;

  constructor(length: number) {
    this.#whole = Buffer.allocUnsafeSlow(length);
  }

  add(chunk: Buffer): void {
    this.#filled += chunk.copy(this.#whole, this.#filled);
  }

  whole(): Buffer {
    return this.#whole.subarray(0, this.#filled);
  }
}

/** Memory that grows with what comes: small pieces are not kept as objects of their own. */
class GrowingStore implements Store {
  #whole = Buffer.alloc(0);
  #filled = 0;

  add(chunk: Buffer): void {
    const needed = this.#filled + chunk.length;
    if (needed > this.#whole.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 * this.#whole.length, needed));
      this.#whole.copy(larger, 0, 0, this.#filled);
      this.#whole = larger;
    }
    this.#filled += chunk.copy(this.#whole, this.#filled);
  }

  whole(): Buffer {
    return this.#whole.subarray(0, this.#filled);
  }
}

interface Collecting extends ReceiveOptions {
  readonly store: Store;
  /** Bytes that came over the wire so far; only of compressed bodies. */
  readonly receivedBytes?: () => number;
}

/** Reads `source`, which is the request or made from it, to its end. */
async function collect(request: Request, source: Readable, options: Collecting): Promise<void> {
  const { limitBytes, memory, check, store, receivedBytes } = options;
  let total = 0;
  const take = (chunk: Buffer): void => {
    total += chunk.length;
    if (total > limitBytes) throw tooLarge(limitBytes);
    if (receivedBytes && total > FREE_BYTES && total > MAX_RATIO * receivedBytes()) throw tooDense();
    check?.(chunk);
    memory.grow(chunk.length);
    store.add(chunk);
  };
  await new Promise<void>((resolve, reject) => {
    const fail = (error: unknown): void => {
      source.removeListener('data', onData);
      source.pause();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      try {
        take(chunk);
      } catch (error) {
        fail(error);
      }
    };
    source.on('data', onData);
    source.once('end', resolve);
    source.once('error', (error) => fail(source === request ? endedEarly() : error));
    // A decompressor is not told that its sender has gone: it would be waited for for ever.
    request.once('close', () => {
      if (!request.complete) fail(endedEarly());
    });
    if (request.destroyed && !request.complete) fail(endedEarly());
  });
}

async function decompress(request: Request, encoding: Encoding, options: Collecting): Promise<void> {
  const decoder = DECODERS[encoding]();
  let receivedBytes = 0;
  request.on('data', (chunk: Buffer) => {
    receivedBytes += chunk.length;
    // Empty blocks have bytes, but decompress to nothing.
    if (receivedBytes > options.limitBytes + FREE_BYTES) decoder.destroy(tooLarge(options.limitBytes));
  });
  request.pipe(decoder);
  try {
    await collect(request, decoder, { ...options, receivedBytes: () => receivedBytes });
  } catch (error) {
    throw error instanceof AppError ? error : undecodable(encoding, error);
  } finally {
    request.unpipe(decoder);
    request.pause();
    decoder.destroy();
  }
}

const undecodable = (encoding: Encoding, cause: unknown): AppError =>
  new AppError({
    code: 'MALFORMED_BODY',
    kind: 'malformed',
    message: `The body cannot be decompressed: its Content-Encoding is ${encoding}, but it is no ${encoding} data or is cut off.`,
    cause,
  });

/** A request whose sender left before its end. */
export const endedEarly = (): AppError =>
  new AppError({ code: 'REQUEST_ABORTED', kind: 'malformed', message: 'The request ended early.' });

/** @param part what of the body is meant, behind its bytes */
export const tooLarge = (limitBytes: number, part = ''): AppError =>
  new AppError({
    code: 'BODY_TOO_LARGE',
    kind: 'too_large',
    message: `The body is larger than ${String(limitBytes)} bytes${part}.`,
    details: { limitBytes },
  });

const tooDense = (): AppError =>
  new AppError({
    code: 'BODY_TOO_LARGE',
    kind: 'too_large',
    message: `The body decompresses to more than ${String(MAX_RATIO)} times its size.`,
    details: { maxRatio: MAX_RATIO },
  });
