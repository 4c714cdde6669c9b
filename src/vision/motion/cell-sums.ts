/** Per-cell sums over known pixels of the target and of the source. */
export class CellSums {
  readonly count: Float32Array;
  readonly offsets: readonly [Float32Array, Float32Array, Float32Array];
  readonly #own: Float32Array;
  readonly #ownSquares: Float32Array;
  readonly #seen: Float32Array;
  readonly #seenSquares: Float32Array;

  constructor(cells: number) {
    const zeros = () => new Float32Array(cells);
    this.count = zeros();
    this.offsets = [zeros(), zeros(), zeros()];
    [this.#own, this.#ownSquares, this.#seen, this.#seenSquares] = [zeros(), zeros(), zeros(), zeros()];
  }

  add(cell: number, own: ArrayLike<number>, seen: ArrayLike<number>): void {
    this.count[cell] += 1;
    const [one, other] = [own[0] + own[1] + own[2], seen[0] + seen[1] + seen[2]];
    for (let channel = 0; channel < 3; channel += 1)
      this.offsets[channel][cell] += own[channel] - seen[channel];
    this.#own[cell] += one / 3;
    this.#ownSquares[cell] += (one / 3) ** 2;
    this.#seen[cell] += other / 3;
    this.#seenSquares[cell] += (other / 3) ** 2;
  }

  /** Mean difference of a cell in a channel, target minus source. */
  offset(cell: number, channel: number): number {
    return this.offsets[channel][cell] / this.count[cell];
  }

  /**
   * Difference in contrast (standard deviation of brightness). Insensitive to displacement by a pixel or two, sensitive
   * to a different object.
   */
  contrast(cell: number): number {
    const n = this.count[cell];
    const deviation = (sum: number, squares: number) => Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2));
    const own = deviation(this.#own[cell], this.#ownSquares[cell]);
    return Math.abs(own - deviation(this.#seen[cell], this.#seenSquares[cell]));
  }
}
