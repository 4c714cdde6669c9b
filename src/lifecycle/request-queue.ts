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

/** Turns with a new connection for which requests wait; those of a burst are shorter than half a millisecond each. */
const MAX_HELD_TURNS = 256;

/**
 * Begins requests in order of arrival: one at a time for each connection (the next one when the client has taken the answer
 * before it), and one in each turn of the event loop over all connections.
 *
 * Node.js accepts one connection in each turn. So no request begins in a turn that accepted one: otherwise a client that
 * connects after a burst of others, such as a balancer's probe, would wait for the work of all of them. Beyond
 * {@link MAX_HELD_TURNS} requests begin in every turn until the queue is empty, so that endless connections cannot hold them up.
 *
 * A connection has few requests here at a time: see `connection-feed.ts`.
 */
export class RequestQueue {
  readonly #lanes = new WeakMap<Socket, Lane>();
  readonly #probes: Entry[] = [];
  readonly #others: Entry[] = [];
  readonly #begin: RequestListener;
  /** Whether the end of this turn, when the next request may begin, is awaited. */
  #turnUnderWay = false;
  #accepted = false;
  #heldTurns = 0;
  #probeIsNext = true;

  /** @param begin must not throw */
  constructor(begin: RequestListener) {
    this.#begin = begin;
  }

  /** To be called for each new connection. */
  readonly connectionAccepted = (): void => {
    this.#accepted = true;
    this.#awaitNextTurn();
  };

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
    if (this.#turnUnderWay) return;
    let entry = this.#next();
    while (entry?.request.socket.destroyed) entry = this.#next();
    if (!entry) {
      this.#heldTurns = 0;
      return;
    }
    this.#awaitNextTurn();
    this.#begin(entry.request, entry.response);
  }

  #awaitNextTurn(): void {
    if (this.#turnUnderWay) return;
    this.#turnUnderWay = true;
    setImmediate(() => {
      this.#turnUnderWay = false;
      const held = this.#accepted && this.#heldTurns < MAX_HELD_TURNS;
      this.#accepted = false;
      if (!held) return this.#beginNext();
      this.#heldTurns += 1;
      this.#awaitNextTurn();
    });
  }

  /** Probes and other requests take turns, so neither can keep the others waiting. */
  #next(): Entry | undefined {
    this.#probeIsNext = !this.#probeIsNext;
    const [first, second] = this.#probeIsNext ? [this.#others, this.#probes] : [this.#probes, this.#others];
    return first.shift() ?? second.shift();
  }
}
