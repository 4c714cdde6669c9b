import type { IncomingMessage } from 'node:http';
import { AppError } from '../errors/app-error.js';

/** Chunks of at least this size are passed on directly; smaller ones are joined. */
const LARGE_CHUNK_BYTES = 2048;
const BLOCK_BYTES = 16 * 1024;
/** Up to this many chunks and bytes on the wire, the size of chunks is not limited. */
const FREE_CHUNKS = 10_000;
const FREE_WIRE_BYTES = 256 * 1024;
/**
 * Minimum mean chunk size beyond {@link FREE_CHUNKS} chunks. It is low, because the parser splits chunks at
 * the end of each read.
 */
const MIN_MEAN_BYTES = 8;
/** Maximum ratio of bytes on the wire to content beyond {@link FREE_WIRE_BYTES}. */
const MAX_WIRE_RATIO = 8;
/** The number of bytes on the wire is checked once per this many chunks. */
const CHUNKS_PER_WIRE_CHECK = 16;

type RefusalListener = (error: AppError) => void;

/**
 * Joins the chunks of one request body. Otherwise a chunk of one byte would cost its reader as much as one of
 * 64 KB: an object of some hundred bytes, and a call of every listener.
 */
class ChunkJoiner {
  readonly #request: IncomingMessage;
  readonly #pass: (block: Buffer | null) => boolean;
  readonly #wireBytesBefore: number;
  #block: Buffer | null = null;
  #filled = 0;
  #chunks = 0;
  #bytes = 0;
  #flushing = false;
  #refusal: AppError | null = null;
  #listener: RefusalListener | null = null;

  constructor(request: IncomingMessage) {
    this.#request = request;
    this.#wireBytesBefore = request.socket.bytesRead;
    // The parser delivers chunks through this method, and stops reading from the socket while it returns
    // false.
    this.#pass = request.push.bind(request);
    request.push = (chunk: Buffer | null) => (chunk === null ? this.#end() : this.#take(chunk));
  }

  onRefusal(listener: RefusalListener): void {
    this.#listener = listener;
    if (this.#refusal) listener(this.#refusal);
  }

  #take(chunk: Buffer): boolean {
    if (this.#refusal) return false;
    this.#chunks += 1;
    this.#bytes += chunk.length;
    const refusal = this.#problem();
    if (refusal) {
      this.#refusal = refusal;
      this.#block = null;
      this.#filled = 0;
      this.#listener?.(refusal);
      return false;
    }
    if (chunk.length >= LARGE_CHUNK_BYTES) {
      this.#flush();
      return this.#pass(chunk);
    }
    this.#copy(chunk);
    // Returning false limits such chunks to one read per turn of the event loop; the next flush resumes
    // reading.
    return false;
  }

  #copy(chunk: Buffer): void {
    if (this.#block && this.#filled + chunk.length > this.#block.length) this.#flush();
    this.#block ??= Buffer.allocUnsafe(BLOCK_BYTES);
    this.#filled += chunk.copy(this.#block, this.#filled);
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (!this.#block || this.#filled === 0) return;
    const filled = this.#block.subarray(0, this.#filled);
    this.#filled = 0;
    if (this.#request.destroyed) return;
    // A few bytes must not retain a whole block of memory.
    if (filled.length < BLOCK_BYTES / 2) this.#pass(Buffer.from(filled));
    else {
      this.#block = null;
      this.#pass(filled);
    }
  }

  #end(): boolean {
    this.#flush();
    this.#block = null;
    return this.#pass(null);
  }

  #problem(): AppError | null {
    if (this.#chunks > FREE_CHUNKS && this.#bytes < this.#chunks * MIN_MEAN_BYTES) {
      return chunksTooSmall(
        `fewer than ${String(MIN_MEAN_BYTES)} bytes each on average, ${String(this.#chunks)} of them so far`,
      );
    }
    if (this.#chunks % CHUNKS_PER_WIRE_CHECK !== 0) return null;
    const wireBytes = this.#request.socket.bytesRead - this.#wireBytesBefore;
    return wireBytes > FREE_WIRE_BYTES && wireBytes > this.#bytes * MAX_WIRE_RATIO
      ? chunksTooSmall(`more than ${String(MAX_WIRE_RATIO)} times larger on the wire than their content`)
      : null;
  }
}

const chunksTooSmall = (reason: string): AppError =>
  new AppError('CHUNKS_TOO_SMALL', {
    message: `The chunks of the body are ${reason}: send larger chunks, or the body as a whole with its Content-Length.`,
  });

const joiners = new WeakMap<IncomingMessage, ChunkJoiner>();

/**
 * Joins the small chunks of a request body into blocks, and rejects the body if they are absurdly small. Must
 * be called before anything reads the body.
 */
export function joinChunks(request: IncomingMessage): void {
  if (request.headers['transfer-encoding'] !== undefined) joiners.set(request, new ChunkJoiner(request));
}

/**
 * Calls `listener` with CHUNKS_TOO_SMALL (malformed) when the body of a request is rejected, or immediately
 * if it already was.
 */
export function onChunksRefused(request: IncomingMessage, listener: RefusalListener): void {
  joiners.get(request)?.onRefusal(listener);
}
