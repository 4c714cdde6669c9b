/** Sizes of {@link PlacesInLine}. */
export interface PlacesOptions {
  readonly places: number;
  /** How many may wait for a place. */
  readonly waiting: number;
}

/** How long somebody waits, and with what they leave. */
export interface PlaceRequest {
  readonly owner: string;
  readonly waitMs: number;
  readonly signal: AbortSignal;
  busy(): Error;
}

interface Waiting {
  readonly owner: string;
  take(): void;
  refuse(reason: unknown): void;
}

/** Places that go to the owner with the fewest of them, and among equals in the order of the requests. */
export class PlacesInLine {
  readonly #options: PlacesOptions;
  readonly #line = new Set<Waiting>();
  #taken = 0;
  /** Places by owner. */
  readonly #held = new Map<string, number>();
  #closed: { readonly reason: unknown } | undefined;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  get free(): number {
    return this.#options.places - this.#taken;
  }

  /**
   * Takes a place, at once or when one becomes free.
   * @returns gives the place back; safe to call twice
   * @throws what `busy` makes when none became free in time, the reason of `signal`, that of {@link close}
   */
  async take(request: PlaceRequest): Promise<() => void> {
    request.signal.throwIfAborted();
    if (this.#closed) throw this.#closed.reason;
    const { owner } = request;
    if (this.free > 0) {
      this.#taken += 1;
      this.#change(owner, 1);
    } else if (request.waitMs <= 0 || this.#line.size >= this.#options.waiting) throw request.busy();
    else await this.#wait(request);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#change(owner, -1);
      this.#pass();
    };
  }

  /** Refuses all who wait and all who come. */
  close(reason: unknown): void {
    this.#closed = { reason };
    for (const waiting of this.#line) waiting.refuse(reason);
  }

  #wait({ owner, waitMs, signal, busy }: PlaceRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (settle: () => void): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        this.#line.delete(waiting);
        settle();
      };
      const waiting: Waiting = {
        owner,
        take: () => leave(resolve),
        refuse: (reason) => leave(() => reject(reason)),
      };
      const onAbort = (): void => waiting.refuse(signal.reason);
      const timer = setTimeout(() => waiting.refuse(busy()), waitMs);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#line.add(waiting);
    });
  }

  /** The place goes straight to the next in line; counted down and up again, a newcomer could slip in between. */
  #pass(): void {
    const next = this.#next();
    if (!next) {
      this.#taken -= 1;
      return;
    }
    this.#change(next.owner, 1);
    next.take();
  }

  #next(): Waiting | undefined {
    const held = ({ owner }: Waiting): number => this.#held.get(owner) ?? 0;
    return [...this.#line].reduce<Waiting | undefined>(
      (best, waiting) => (best && held(best) <= held(waiting) ? best : waiting),
      undefined,
    );
  }

  #change(owner: string, by: number): void {
    const count = (this.#held.get(owner) ?? 0) + by;
    if (count > 0) this.#held.set(owner, count);
    else this.#held.delete(owner);
  }
}
