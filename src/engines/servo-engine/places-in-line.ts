/** Sizes of {@link PlacesInLine}. */
export interface PlacesOptions {
  readonly places: number;
  /** How many may wait for a place. */
  readonly waiting: number;
}

/** How long somebody waits, and with what they leave. */
export interface PlaceRequest {
  readonly waitMs: number;
  readonly signal: AbortSignal;
  busy(): Error;
}

interface Waiting {
  take(): void;
  refuse(reason: unknown): void;
}

/** Places that are taken in the order of the requests for them. */
export class PlacesInLine {
  readonly #options: PlacesOptions;
  readonly #line = new Set<Waiting>();
  #taken = 0;
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
    if (this.free > 0) this.#taken += 1;
    else if (request.waitMs <= 0 || this.#line.size >= this.#options.waiting) throw request.busy();
    else await this.#wait(request);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#pass();
    };
  }

  /** Refuses all who wait and all who come. */
  close(reason: unknown): void {
    this.#closed = { reason };
    for (const waiting of this.#line) waiting.refuse(reason);
  }

  #wait({ waitMs, signal, busy }: PlaceRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (settle: () => void): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        this.#line.delete(waiting);
        settle();
      };
      const waiting: Waiting = {
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
    const [next] = this.#line;
    if (next) next.take();
    else this.#taken -= 1;
  }
}
