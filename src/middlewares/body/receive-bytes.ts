import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Request } from 'express';
import { AppError } from '../../errors/app-error.js';
import type { Reservation } from '../../lifecycle/memory-budget.js';
import { IN_MEMORY_BYTES, SpilledBody, type BodyParts, type SpillPlace } from './spilling-bytes.js';

/** Options for receiving a body. */
export interface ReceiveOptions {
  /** Maximum size of the decompressed body in bytes. */
  readonly limitBytes: number;
  /** Memory reserved for the body once it has arrived; until then only a small part is used. */
  readonly memory: Reservation;
  /** Where a long body is stored until it has arrived. */
  readonly spill: SpillPlace;
  /** Called with every chunk before the next is read; throwing rejects the body. */
  readonly check?: (chunk: Buffer) => void;
}

/** The compression ratio is not checked up to this size. */
const FREE_BYTES = 2 ** 20;
/** Text and numbers in real requests compress less than this. */
const MAX_RATIO = 100;

const DECODERS = { gzip: createGunzip, deflate: createInflate, br: createBrotliDecompress } as const;
type Encoding = keyof typeof DECODERS;

/** The body in one buffer: see {@link receiveParts}. */
export const receiveBytes = async (request: Request, options: ReceiveOptions): Promise<Buffer> =>
  (await receiveParts(request, options)).head;

/**
 * The decompressed body in two buffers: up to `splitAt` bytes, and the rest. Reading stops at the first
 * exceeded limit.
 * @throws AppError BODY_TOO_LARGE (too_large), MALFORMED_BODY for data that cannot be decompressed,
 *   UNSUPPORTED_TYPE for an unknown encoding, REQUEST_ABORTED when the client disconnects, OUT_OF_MEMORY
 *   (unavailable), STORAGE_FULL, and errors of `check`
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

/** Content-Length, in bytes on the wire; null without one. */
const announcedLength = ({ headers }: Request): number | null =>
  headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : null;

function encodingOf({ headers }: Request): Encoding | null {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity') return null;
  if (encoding === 'gzip' || encoding === 'deflate' || encoding === 'br') return encoding;
  const shown = /^[\w.+-]{1,40}$/.test(encoding) ? ` ${encoding}` : '';
  throw new AppError('UNSUPPORTED_TYPE', {
    message: `The Content-Encoding${shown} is not supported: send gzip, deflate, br, or an uncompressed body.`,
  });
}

interface Collecting extends ReceiveOptions {
  readonly body: SpilledBody;
  /** Bytes received from the wire so far; only for compressed bodies. */
  readonly receivedBytes?: () => number;
}

/** Reads `source`, which is the request or derived from it, to its end, with backpressure from the disk. */
async function collect(source: Readable, options: Collecting): Promise<void> {
  const { limitBytes, check, body, receivedBytes } = options;
  let total = 0;
  // The request must not be destroyed: its rejection still has to be answered on the same socket.
  for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total > limitBytes) throw tooLarge(limitBytes);
    if (receivedBytes && total > FREE_BYTES && total > MAX_RATIO * receivedBytes()) throw compressedTooMuch();
    check?.(chunk);
    await body.write(chunk);
  }
}

async function decompress(request: Request, encoding: Encoding, options: Collecting): Promise<void> {
  const decoder = DECODERS[encoding]();
  let receivedBytes = 0;
  request.on('data', (chunk: Buffer) => {
    receivedBytes += chunk.length;
    // Empty compressed blocks add bytes but decompress to nothing, so the compressed size is limited too.
    if (receivedBytes > options.limitBytes + FREE_BYTES) decoder.destroy(tooLarge(options.limitBytes));
  });
  // A decompressor is not notified when the client disconnects and would wait forever.
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
    message: `The body cannot be decompressed: its Content-Encoding is ${encoding}, but it is not valid ${encoding} data or is truncated.`,
    cause,
  });

/** The error for a request whose client disconnected before its end. */
export const endedEarly = (): AppError =>
  new AppError('REQUEST_ABORTED', { message: 'The client disconnected before the end of the request body.' });

/** @param part suffix that names the limited part of the body, such as " of JSON" */
export const tooLarge = (limitBytes: number, part = ''): AppError =>
  new AppError('BODY_TOO_LARGE', {
    message: `The body is larger than ${String(limitBytes)} bytes${part}.`,
    details: { limitBytes },
  });

const compressedTooMuch = (): AppError =>
  new AppError('BODY_TOO_LARGE', {
    message: `The body decompresses to more than ${String(MAX_RATIO)} times its size.`,
    details: { maxRatio: MAX_RATIO },
  });
