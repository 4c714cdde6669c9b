/** One answer that a child owes. */
export interface Waiter<Value> {
  resolve(value: Value): void;
  reject(error: unknown): void;
  /** What it rejects with when the process ends, instead of the reason that all others get. */
  rejectAtEndWith(reason: unknown): void;
}

/** Everything that waits for one child: whatever ends the child settles it. */
export class Waiters {
  readonly #rejectors = new Set<(reason: unknown) => void>();
  #lost: { readonly reason: unknown } | undefined;

  /** How many wait. */
  get size(): number {
    return this.#rejectors.size;
  }

  /** A promise that `begin` passes to the code that settles it; it rejects at the latest when the child ends. */
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

  /** The child is gone: rejects all that wait, and all that come later. */
  rejectAll(reason: unknown): void {
    this.#lost = { reason };
    for (const reject of this.#rejectors) reject(reason);
    this.#rejectors.clear();
  }
}
