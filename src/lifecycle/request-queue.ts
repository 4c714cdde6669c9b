import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { LIVENESS_PATH } from '../domain/api-paths.js';

interface Entry {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Requests of one connection that are not answered yet. */
interface Lane {
  busy: boolean;
  readonly waiting: Entry[];
}

/** Maximum number of consecutive turns in which requests wait for new connections; in a burst each takes less than half a millisecond. */
const MAX_HELD_TURNS = 256;

/**
 * Starts requests in order of arrival: one at a time per connection (the next one when the client has received the
 * previous response), and one per turn of the event loop over all connections.
 *
 * Node.js accepts one connection per turn, so no request starts in a turn that accepted one. Otherwise a client that
 * connects after a burst of others, such as a probe of a load balancer, would wait for the work of all of them. After
 * {@link MAX_HELD_TURNS} such turns requests start in every turn until the queue is empty, so that an endless stream of
 * connections cannot delay them forever.
 *
 * A connection has few requests queued here: see `connection-feed.ts`.
 */
export class RequestQueue {
  readonly #lanes = new WeakMap<Socket, Lane>();
  readonly #probes: Entry[] = [];
  readonly #others: Entry[] = [];
  readonly #begin: RequestListener;
  /** Whether the next turn, in which the next request may start, is scheduled. */
  #turnIsScheduled = false;
  #accepted = false;
  #heldTurns = 0;
  #probeIsNext = true;

  /** @param begin must not throw */
  constructor(begin: RequestListener) {
    this.#begin = begin;
  }

  /** Must be called for each new connection. */
  readonly connectionAccepted = (): void => {
    this.#accepted = true;
    this.#awaitNextTurn();
  };

  /** Queues the request, or starts it immediately if nothing is queued. */
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
    if (this.#turnIsScheduled) return;
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
    if (this.#turnIsScheduled) return;
    this.#turnIsScheduled = true;
    setImmediate(() => {
      this.#turnIsScheduled = false;
      const held = this.#accepted && this.#heldTurns < MAX_HELD_TURNS;
      this.#accepted = false;
      if (!held) return this.#beginNext();
      this.#heldTurns += 1;
      this.#awaitNextTurn();
    });
  }

  /** The next request. Probes and other requests alternate, so that neither delays the other. */
  #next(): Entry | undefined {
    this.#probeIsNext = !this.#probeIsNext;
    const [first, second] = this.#probeIsNext ? [this.#others, this.#probes] : [this.#probes, this.#others];
    return first.shift() ?? second.shift();
  }
}
