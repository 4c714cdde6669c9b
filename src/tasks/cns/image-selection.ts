import type { FrameMatches } from '../../servoing/frame-record.js';

/** Most images of matches in a report. */
const MAX_IMAGES = 12;

/** Keeps the matches of some processed frames; those of the others are never put together. */
export class ImageSelection {
  readonly #wanted: (position: number) => boolean;
  readonly #chosen: FrameMatches[] = [];

  private constructor(wanted: (position: number) => boolean) {
    this.#wanted = wanted;
  }

  /** Up to {@link MAX_IMAGES} frames spread evenly over `total`, first and last among them. */
  static spread(total: number): ImageSelection {
    const count = Math.min(MAX_IMAGES, total);
    const place = (n: number) => (count === 1 ? 0 : Math.round((n * (total - 1)) / (count - 1)));
    const places = new Set(Array.from({ length: count }, (_, n) => place(n)));
    return new ImageSelection((position) => places.has(position));
  }

  /** The first frame and every `stride`-th after it. */
  static every(stride: number): ImageSelection {
    return new ImageSelection((position) => position % stride === 0);
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
