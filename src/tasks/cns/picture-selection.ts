import type { FrameMatches } from '../../servoing/frame-record.js';

/** Most pictures of matches in a report. */
const MAX_PICTURES = 12;

/** Keeps the matches of some processed frames; those of the others are never put together. */
export class PictureSelection {
  readonly #wanted: (position: number) => boolean;
  readonly #chosen: FrameMatches[] = [];

  private constructor(wanted: (position: number) => boolean) {
    this.#wanted = wanted;
  }

  /** Up to {@link MAX_PICTURES} frames spread evenly over `total`, first and last among them. */
  static spread(total: number): PictureSelection {
    const count = Math.min(MAX_PICTURES, total);
    const place = (n: number) => (count === 1 ? 0 : Math.round((n * (total - 1)) / (count - 1)));
    const places = new Set(Array.from({ length: count }, (_, n) => place(n)));
    return new PictureSelection((position) => places.has(position));
  }

  /** The first frame and every `stride`-th after it. */
  static every(stride: number): PictureSelection {
    return new PictureSelection((position) => position % stride === 0);
  }

  /** Takes the matches of the processed frame number `position` if it is one of the wanted. */
  offer(position: number, matches: () => FrameMatches): void {
    if (this.#wanted(position)) this.#chosen.push(matches());
  }

  /** What was kept so far, in order. */
  get chosen(): readonly FrameMatches[] {
    return this.#chosen;
  }
}
