/** Adds up milliseconds by stage. */
export class Stopwatch {
  readonly #totals = new Map<string, number>();

  /** Runs `work` and adds its time to `stage`. */
  async time<Value>(stage: string, work: () => Value | Promise<Value>): Promise<Value> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.add(stage, performance.now() - start);
    }
  }

  add(stage: string, milliseconds: number): void {
    this.#totals.set(stage, (this.#totals.get(stage) ?? 0) + milliseconds);
  }

  /** Totals so far, rounded to a tenth of a millisecond. */
  totals(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#totals].map(([stage, total]) => [stage, roundMs(total)]));
  }
}

/** Milliseconds with one decimal: finer digits are noise. */
export function roundMs(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
