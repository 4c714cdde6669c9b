import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { LIVENESS_PATH } from '../domain/api-paths.js';

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
 * taken by the client, and of all connections together one in a turn of the event loop. Node.js accepts one connection in
 * each turn, so a turn of many requests would keep everybody waiting who is not connected yet.
 * A connection has few requests here at a time: see `connection-feed.ts`.
 */
export class RequestQueue {
  readonly #lanes = new WeakMap<Socket, Lane>();
  readonly #probes: Entry[] = [];
  readonly #others: Entry[] = [];
  readonly #begin: RequestListener;
  #begunInThisTurn = false;
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
    else lane.waiting.push(entry);
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
    (entry.request.url === LIVENESS_PATH ? this.#probes : this.#others).push(entry);
    this.#beginNext();
  }

  #beginNext(): void {
    if (this.#begunInThisTurn) return;
    let entry = this.#next();
    while (entry?.request.socket.destroyed) entry = this.#next();
    if (!entry) return;
    this.#begunInThisTurn = true;
    setImmediate(() => {
      this.#begunInThisTurn = false;
      this.#beginNext();
    });
    this.#begin(entry.request, entry.response);
  }

  /** Probes and other requests take turns, so neither can keep the others waiting. */
  #next(): Entry | undefined {
    this.#probeIsNext = !this.#probeIsNext;
    const [first, second] = this.#probeIsNext ? [this.#others, this.#probes] : [this.#probes, this.#others];
    return first.shift() ?? second.shift();
  }
}
