import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The end of a head (RFC 9112, section 2.1); the parser takes no other. */
const END_OF_HEAD = '\r\n\r\n';
/** The smallest piece of a body of unknown length that the parser gets; it holds 32 of the shortest requests. */
const MIN_PIECE_BYTES = 512;
/** So much of {@link END_OF_HEAD} may have come in the chunk before. */
const SEAM_BYTES = END_OF_HEAD.length - 1;
const LF = 10;
const CR = 13;

type Parse = (piece: Buffer) => void;

/**
 * Hands what a connection sends to the parser of Node.js so that one request of it is under way at a time; what comes
 * behind stays in the socket until it is answered, and then in the client's own buffers. The parser itself makes
 * every request of a read at once, thousands in 64 KB. Only the places of the cuts are decided here: the parser gets
 * every byte in order, so no request is understood differently.
 */
class ConnectionFeed {
  readonly #socket: Socket;
  readonly #parse: Parse;
  #unanswered = 0;
  #held = false;
  #stopped = false;
  /** Bytes of the body under way that are still to come. */
  #bodyBytes = 0;
  /** The request under way where only the parser knows how much of its body is to come. */
  #uncounted: IncomingMessage | null = null;
  /** Whether the piece that is parsed ends with the head that is in it. */
  #endsWithHead = false;
  /** The last bytes of what may be a head whose end has not come; empty between two requests. */
  #lastBytes = '';

  constructor(socket: Socket, parse: Parse) {
    this.#socket = socket;
    this.#parse = parse;
  }

  /** A request whose head the parser has just read. */
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

  /** Drops the rest of what was read. */
  stop(): void {
    this.#stopped = true;
    this.#socket.off('data', this.take);
  }

  /** Takes what the socket has read. */
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
    // A listener that was there before this chunk got all of it; one that came with the last piece gets the rest.
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
      // Behind the end of the body the next head may begin, and even end, in the same piece.
      this.#remember(chunk, at, end);
      return end;
    }
    this.#endsWithHead = true;
    return this.#endOfHeadUnderWay(chunk, at);
  }

  #endOfHeadUnderWay(chunk: Buffer, at: number): number {
    let from = at;
    // Empty lines before a request are no heads.
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

  /** The end of a head that began to end in the chunk before. */
  #endAcrossChunks(chunk: Buffer, at: number): number | null {
    if (this.#lastBytes === '') return null;
    const seam = this.#lastBytes + chunk.toString('latin1', at, at + SEAM_BYTES);
    const found = seam.indexOf(END_OF_HEAD);
    return found < 0 ? null : at + found + END_OF_HEAD.length - this.#lastBytes.length;
  }
}

/** The place behind the first end of a head at or after `at`. */
function endOfHead(chunk: Buffer, at: number): number | null {
  const found = chunk.indexOf(END_OF_HEAD, at, 'latin1');
  return found < 0 ? null : found + END_OF_HEAD.length;
}

/** After an upgrade, or at the end, parsing stops. */
const isHandedOver = (socket: Socket): boolean => Reflect.get(socket, 'parser') === null;
/** The server reads no further while a client does not read its answers; its parser must get nothing meanwhile. */
const pausedByServer = (socket: Socket): boolean => Reflect.get(socket, '_paused') === true;

const feeds = new WeakMap<Socket, ConnectionFeed>();

/** Lets one request at a time be under way on a new connection of an HTTP server; to be called before anything is read. */
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

/** Tells the feed of the connection which request the parser has just made. */
export function requestBegun(request: IncomingMessage, response: ServerResponse): void {
  feeds.get(request.socket)?.begin(request, response);
}

/** Lets the parser of a connection get nothing any more; it would go on failing after its first error. */
export function stopFeeding(socket: Socket): void {
  feeds.get(socket)?.stop();
}
