import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** End of a request head (RFC 9112, section 2.1); the parser accepts no other. */
const END_OF_HEAD = '\r\n\r\n';
/**
 * Minimum number of bytes of a body of unknown length that the parser gets at once; they contain at most 32
 * of the shortest requests.
 */
const MIN_PIECE_BYTES = 512;
/** Number of bytes of {@link END_OF_HEAD} that may have arrived in the previous chunk. */
const SEAM_BYTES = END_OF_HEAD.length - 1;
const LF = 10;
const CR = 13;

type Parse = (piece: Buffer) => void;

/**
 * Passes the data of a connection to Node.js's parser in pieces, so that only one request is in progress at a
 * time. Following requests stay in the socket until the response is sent, and then in the client's own
 * buffers. The parser by itself emits all requests of a read at once, up to thousands in 64 KB. Only the
 * boundaries of the pieces are chosen here: the parser gets every byte in order, so requests are parsed
 * exactly as before.
 */
class ConnectionFeed {
  readonly #socket: Socket;
  readonly #parse: Parse;
  #unanswered = 0;
  #held = false;
  #stopped = false;
  /** Bytes of the current body that have not arrived yet. */
  #bodyBytes = 0;
  /** The current request, if only the parser knows the length of its body (chunked encoding). */
  #uncounted: IncomingMessage | null = null;
  /** Whether the piece being parsed ends with the head that it contains. */
  #endsWithHead = false;
  /** The last bytes of a head that may continue in the next chunk; empty between requests. */
  #lastBytes = '';

  constructor(socket: Socket, parse: Parse) {
    this.#socket = socket;
    this.#parse = parse;
  }

  /** Called when the parser has read the head of a request. */
  begin(request: IncomingMessage, response: ServerResponse): void {
    this.#unanswered += 1;
    const counted = this.#endsWithHead && request.headers['transfer-encoding'] === undefined;
    this.#uncounted = counted ? null : request;
    this.#bodyBytes = counted ? Number(request.headers['content-length'] ?? 0) : 0;
    response.once('close', () => {
      this.#unanswered -= 1;
      if (!this.#held || this.#unanswered > 0) return;
      this.#held = false;
      if (!pausedByServer(this.#socket)) this.#socket.resume();
    });
  }

  /** Discards the rest of the data that was read. */
  stop(): void {
    this.#stopped = true;
    this.#socket.off('data', this.take);
  }

  /** Receives the data read by the socket. */
  readonly take = (chunk: Buffer): void => {
    let at = 0;
    while (at < chunk.length && !this.#stopped && !this.#socket.destroyed && !isHandedOver(this.#socket)) {
      if (!this.#mayGoOn()) {
        this.#socket.pause();
        this.#socket.unshift(at === 0 ? chunk : chunk.subarray(at));
        return;
      }
      const end = this.#endOfPiece(chunk, at);
      this.#parse(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end));
      at = end;
    }
    if (!isHandedOver(this.#socket)) return;
    this.#socket.off('data', this.take);
    // Listeners that were attached before this chunk have seen all of it; one attached with the last piece
    // gets the rest.
    if (at > 0 && at < chunk.length) this.#socket.unshift(chunk.subarray(at));
  };

  #mayGoOn(): boolean {
    const complete = this.#bodyBytes === 0 && this.#uncounted?.complete !== false;
    if (this.#unanswered > 0 && complete) this.#held = true;
    return !this.#held && !this.#socket.isPaused() && !pausedByServer(this.#socket);
  }

  #endOfPiece(chunk: Buffer, at: number): number {
    this.#endsWithHead = false;
    if (this.#bodyBytes > 0) {
      const length = Math.min(this.#bodyBytes, chunk.length - at);
      this.#bodyBytes -= length;
      return at + length;
    }
    if (this.#uncounted?.complete === false) {
      const found = endOfHead(chunk, at);
      const end = Math.min(Math.max(found ?? chunk.length, at + MIN_PIECE_BYTES), chunk.length);
      // After the end of the body the next head may begin, and even end, in the same piece.
      this.#remember(chunk, at, end);
      return end;
    }
    this.#endsWithHead = true;
    return this.#endOfHeadUnderWay(chunk, at);
  }

  #endOfHeadUnderWay(chunk: Buffer, at: number): number {
    let from = at;
    // Empty lines before a request are not part of a head.
    if (this.#lastBytes === '') while (chunk[from] === CR || chunk[from] === LF) from += 1;
    const end = this.#endAcrossChunks(chunk, at) ?? endOfHead(chunk, from);
    if (end === null) this.#remember(chunk, from, chunk.length);
    else this.#lastBytes = '';
    return end ?? chunk.length;
  }

  #remember(chunk: Buffer, from: number, end: number): void {
    const last = chunk.toString('latin1', Math.max(from, end - SEAM_BYTES), end);
    this.#lastBytes = (this.#lastBytes + last).slice(-SEAM_BYTES);
  }

  /** The end of a head whose delimiter began in the previous chunk. */
  #endAcrossChunks(chunk: Buffer, at: number): number | null {
    if (this.#lastBytes === '') return null;
    const seam = this.#lastBytes + chunk.toString('latin1', at, at + SEAM_BYTES);
    const found = seam.indexOf(END_OF_HEAD);
    return found < 0 ? null : at + found + END_OF_HEAD.length - this.#lastBytes.length;
  }
}

/** The offset after the first end of a head at or after `at`. */
function endOfHead(chunk: Buffer, at: number): number | null {
  const found = chunk.indexOf(END_OF_HEAD, at, 'latin1');
  return found < 0 ? null : found + END_OF_HEAD.length;
}

/** After an upgrade, or at the end of the connection, parsing stops. */
const isHandedOver = (socket: Socket): boolean => Reflect.get(socket, 'parser') === null;
/**
 * The server stops reading while a client does not read its responses; its parser must not get data during
 * that time.
 */
const pausedByServer = (socket: Socket): boolean => Reflect.get(socket, '_paused') === true;

const feeds = new WeakMap<Socket, ConnectionFeed>();

/**
 * Limits a new connection of an HTTP server to one request at a time; must be called before anything is read.
 */
export function feedOneRequestAtATime(socket: Socket): void {
  const listeners = socket.listeners('data');
  const [parse] = listeners;
  if (listeners.length !== 1 || parse === undefined) throw new Error('The connection has no parser.');
  const feed = new ConnectionFeed(socket, (piece) => void Reflect.apply(parse, socket, [piece]));
  feeds.set(socket, feed);
  socket.removeAllListeners('data');
  // The parser releases the handle when other code reads the stream.
  socket.on('data', feed.take);
}

/** Notifies the feed of a connection that the parser has emitted a request. */
export function requestBegun(request: IncomingMessage, response: ServerResponse): void {
  feeds.get(request.socket)?.begin(request, response);
}

/** Stops passing data to the parser of a connection, because after its first error it would keep failing. */
export function stopFeeding(socket: Socket): void {
  feeds.get(socket)?.stop();
}
