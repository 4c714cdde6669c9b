import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests that may wait on a connection for the answers to those before them (pipelining, RFC 9112, section 9.3.2). */
export const MAX_WAITING_REQUESTS = 32;
/** Milliseconds in which requests are begun in one turn of the event loop, so that sockets and timers are served in between. */
const TURN_MS = 10;
/** Asked by balancers, who take a late answer for a dead process. */
const PROBE = '/livez';

interface Entry {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** What a connection has sent and not been answered yet. */
interface Lane {
  busy: boolean;
  readonly waiting: Entry[];
}

/**
 * Begins requests in the order of their arrival: of one connection one at a time, the next when the answer before it was
 * taken by the client, and of all connections together so many in one turn of the event loop that it goes round.
 * Node.js itself begins every request of a read at once, two thousand of them in 64 KB, and keeps answers that nobody reads.
 * A connection on which more than {@link MAX_WAITING_REQUESTS} requests wait is closed.
 */
export class RequestTurns {
  readonly #lanes = new WeakMap<Socket, Lane>();
  readonly #probes: Entry[] = [];
  readonly #others: Entry[] = [];
  readonly #begin: RequestListener;
  #endOfTurn = 0;
  #turnScheduled = false;
  #probeIsNext = true;

  /** @param begin must not throw */
  constructor(begin: RequestListener) {
    this.#begin = begin;
  }

  /** Begins the request, at once where nothing is before it. */
  add(request: IncomingMessage, response: ServerResponse): void {
    const lane = this.#laneOf(request.socket);
    const entry = { request, response };
    if (!lane.busy) this.#admit(lane, entry);
    else if (lane.waiting.length < MAX_WAITING_REQUESTS) lane.waiting.push(entry);
    else dropConnection(request.socket);
  }

  #laneOf(socket: Socket): Lane {
    const known = this.#lanes.get(socket);
    if (known) return known;
    const lane: Lane = { busy: false, waiting: [] };
    this.#lanes.set(socket, lane);
    socket.once('close', () => (lane.waiting.length = 0));
    return lane;
  }

  #admit(lane: Lane, entry: Entry): void {
    lane.busy = true;
    entry.response.once('close', () => {
      lane.busy = false;
      const next = lane.waiting.shift();
      if (next) this.#admit(lane, next);
    });
    (entry.request.url === PROBE ? this.#probes : this.#others).push(entry);
    this.#run();
  }

  /** Begins what is due while the turn lasts; the first call of a turn opens it. */
  #run(): void {
    if (!this.#turnScheduled) {
      this.#turnScheduled = true;
      this.#endOfTurn = performance.now() + TURN_MS;
      setImmediate(() => {
        this.#turnScheduled = false;
        if (this.#probes.length + this.#others.length > 0) this.#run();
      });
    }
    while (performance.now() < this.#endOfTurn) {
      const entry = this.#next();
      if (!entry) return;
      if (!entry.request.socket.destroyed) this.#begin(entry.request, entry.response);
    }
  }

  /** Probes and other requests take turns, so neither can keep the others waiting. */
  #next(): Entry | undefined {
    this.#probeIsNext = !this.#probeIsNext;
    const [first, second] = this.#probeIsNext ? [this.#others, this.#probes] : [this.#probes, this.#others];
    return first.shift() ?? second.shift();
  }
}

/** What the parser takes for "this message has no body that anybody reads". */
const SKIP_BODY = 1;

/**
 * Closes a connection in the middle of a read. Node.js would still make thousands of requests of what is left of the read,
 * and an error with a stack for each of them; its parser is told not to.
 */
function dropConnection(socket: Socket): void {
  const parser: unknown = Reflect.get(socket, 'parser');
  if (typeof parser === 'object' && parser !== null) Reflect.set(parser, 'onIncoming', () => SKIP_BODY);
  socket.destroy();
}
