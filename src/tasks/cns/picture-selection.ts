import type { FrameMatches } from './frame-record.js';

/** Most pictures of matches in a report. */
export const MAX_PICTURES = 12;

/** Keeps the matches of up to {@link MAX_PICTURES} frames spread evenly over all, first and last among them. */
export class PictureSelection {
  readonly #wanted: ReadonlySet<number>;
  readonly #chosen: FrameMatches[] = [];

  /** @param total number of processed frames */
  constructor(total: number) {
    const count = Math.min(MAX_PICTURES, total);
    const place = (n: number) => (count === 1 ? 0 : Math.round((n * (total - 1)) / (count - 1)));
    this.#wanted = new Set(Array.from({ length: count }, (_, n) => place(n)));
  }

  /** Takes the matches of the processed frame number `position` if it is one of the wanted. */
  offer(position: number, matches: () => FrameMatches): void {
    if (this.#wanted.has(position)) this.#chosen.push(matches());
  }

  /** What was kept so far, in order. */
  get chosen(): readonly FrameMatches[] {
    return this.#chosen;
  }
}
