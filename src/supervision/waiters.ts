/** A pending answer of a child. */
export interface Waiter<Value> {
  resolve(value: Value): void;
  reject(error: unknown): void;
  /** Sets the reason with which it rejects when the process ends, instead of the common one. */
  rejectAtEndWith(reason: unknown): void;
}

/** All pending answers of one child: they are settled however the child ends. */
export class Waiters {
  readonly #rejectors = new Set<(reason: unknown) => void>();
  #lost: { readonly reason: unknown } | undefined;

  /** Number of pending answers. */
  get size(): number {
    return this.#rejectors.size;
  }

  /**
   * A promise that `begin` passes to the code that settles it; it rejects at the latest when the child ends.
   */
  add<Value>(begin: (waiter: Waiter<Value>) => void): Promise<Value> {
    return new Promise<Value>((resolve, reject) => {
      if (this.#lost !== undefined) {
        reject(this.#lost.reason);
        return;
      }
      let own: { readonly reason: unknown } | undefined;
      const atEnd = (reason: unknown): void => reject(own === undefined ? reason : own.reason);
      this.#rejectors.add(atEnd);
      begin({
        resolve: (value) => (this.#rejectors.delete(atEnd), resolve(value)),
        reject: (error) => (this.#rejectors.delete(atEnd), reject(error)),
        rejectAtEndWith: (reason) => (own = { reason }),
      });
    });
  }

  /** Rejects all pending and future answers, because the child has exited. */
  rejectAll(reason: unknown): void {
    this.#lost = { reason };
    for (const reject of this.#rejectors) reject(reason);
    this.#rejectors.clear();
  }
}
