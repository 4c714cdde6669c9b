import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Request } from 'express';
import { AppError } from '../../errors/app-error.js';
import type { Reservation } from '../../lifecycle/memory-budget.js';
import { IN_MEMORY_BYTES, SpilledBody, type BodyParts, type SpillPlace } from './spilling-bytes.js';

/** How a body is received. */
export interface ReceiveOptions {
  /** Bytes of the body, decompressed. */
  readonly limitBytes: number;
  /** Memory that the body takes once it has arrived; before that, no more than a little. */
  readonly memory: Reservation;
  /** Where a long body waits until it has arrived. */
  readonly spill: SpillPlace;
  /** Looks at every piece before the next one is read; what it throws refuses the body. */
  readonly check?: (chunk: Buffer) => void;
}

/** Up to here the ratio of compression does not matter. */
const FREE_BYTES = 2 ** 20;
/** Texts and numbers of real requests are compressed by less. */
const MAX_RATIO = 100;

const DECODERS = { gzip: createGunzip, deflate: createInflate, br: createBrotliDecompress } as const;
type Encoding = keyof typeof DECODERS;

/** The body in one piece of memory: see {@link receiveParts}. */
export const receiveBytes = async (request: Request, options: ReceiveOptions): Promise<Buffer> =>
  (await receiveParts(request, options)).head;

/**
 * The body in two pieces of memory, decompressed: up to `splitAt` bytes, and the rest. Nothing more is read once it is beyond a limit.
 * @throws AppError BODY_TOO_LARGE (too_large), MALFORMED_BODY for what cannot be decompressed, UNSUPPORTED_TYPE for an
 * unknown encoding, REQUEST_ABORTED when the sender leaves, OUT_OF_MEMORY (unavailable), STORAGE_FULL, and what `check`
 * throws
 */
export async function receiveParts(
  request: Request,
  options: ReceiveOptions,
  splitAt = Infinity,
): Promise<BodyParts> {
  const { limitBytes, memory, spill } = options;
  const encoding = encodingOf(request);
  const announced = announcedLength(request) ?? 0;
  if (encoding === null && announced > limitBytes) throw tooLarge(limitBytes);
  if (announced > IN_MEMORY_BYTES) await spill.requireSpace(announced);
  const body = new SpilledBody(spill, memory);
  try {
    await (encoding === null
      ? collect(request, { ...options, body })
      : decompress(request, encoding, { ...options, body }));
    return await body.parts(splitAt);
  } catch (error) {
    throw !request.complete && request.destroyed ? endedEarly() : error;
  } finally {
    await body.remove();
  }
}

/** Bytes on the wire that the header announces; null without one. */
const announcedLength = ({ headers }: Request): number | null =>
  headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : null;

function encodingOf({ headers }: Request): Encoding | null {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity') return null;
  if (encoding === 'gzip' || encoding === 'deflate' || encoding === 'br') return encoding;
  const shown = /^[\w.+-]{1,40}$/.test(encoding) ? ` ${encoding}` : '';
  throw new AppError('UNSUPPORTED_TYPE', {
    message: `The Content-Encoding${shown} is not supported: send gzip, deflate, br, or the body as it is.`,
  });
}

interface Collecting extends ReceiveOptions {
  readonly body: SpilledBody;
  /** Bytes that came over the wire so far; only of compressed bodies. */
  readonly receivedBytes?: () => number;
}

/** Reads `source`, which is the request or made from it, to its end; no faster than the disk takes it. */
async function collect(source: Readable, options: Collecting): Promise<void> {
  const { limitBytes, check, body, receivedBytes } = options;
  let total = 0;
  // A refused request still has to be answered: it is not destroyed.
  for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total > limitBytes) throw tooLarge(limitBytes);
    if (receivedBytes && total > FREE_BYTES && total > MAX_RATIO * receivedBytes()) throw tooDense();
    check?.(chunk);
    await body.write(chunk);
  }
}

async function decompress(request: Request, encoding: Encoding, options: Collecting): Promise<void> {
  const decoder = DECODERS[encoding]();
  let receivedBytes = 0;
  request.on('data', (chunk: Buffer) => {
    receivedBytes += chunk.length;
    // Empty blocks have bytes, but decompress to nothing.
    if (receivedBytes > options.limitBytes + FREE_BYTES) decoder.destroy(tooLarge(options.limitBytes));
  });
  // A decompressor does not notice that the sender has disconnected, and would wait for ever.
  const onClose = (): void => {
    if (!request.complete) decoder.destroy(endedEarly());
  };
  request.once('close', onClose);
  if (request.destroyed) onClose();
  let failure: unknown;
  decoder.once('error', (error) => (failure = error));
  request.pipe(decoder);
  try {
    await collect(decoder, { ...options, receivedBytes: () => receivedBytes });
  } catch (error) {
    throw error === failure && !(error instanceof AppError) ? undecodable(encoding, error) : error;
  } finally {
    request.off('close', onClose);
    request.unpipe(decoder);
    request.pause();
    decoder.destroy();
  }
}

const undecodable = (encoding: Encoding, cause: unknown): AppError =>
  new AppError('MALFORMED_BODY', {
    message: `The body cannot be decompressed: its Content-Encoding is ${encoding}, but it is no ${encoding} data or is cut off.`,
    cause,
  });

/** A request whose sender left before its end. */
export const endedEarly = (): AppError =>
  new AppError('REQUEST_ABORTED', { message: 'The request ended early.' });

/** @param part what of the body is meant, behind its bytes */
export const tooLarge = (limitBytes: number, part = ''): AppError =>
  new AppError('BODY_TOO_LARGE', {
    message: `The body is larger than ${String(limitBytes)} bytes${part}.`,
    details: { limitBytes },
  });

const tooDense = (): AppError =>
  new AppError('BODY_TOO_LARGE', {
    message: `The body decompresses to more than ${String(MAX_RATIO)} times its size.`,
    details: { maxRatio: MAX_RATIO },
  });
