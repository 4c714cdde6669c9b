import type { FrameMatches } from '../../servoing/frame-record.js';

/** Maximum match images in a report. */
export const MAX_MATCH_IMAGES = 12;

/** Keeps the matches of selected frames, so that match data is only built for those. */
export class ImageSelection {
  readonly #isSelected: (position: number) => boolean;
  readonly #chosen: FrameMatches[] = [];

  private constructor(isSelected: (position: number) => boolean) {
    this.#isSelected = isSelected;
  }

  /** Up to {@link MAX_MATCH_IMAGES} frames spread evenly over `total`, first and last among them. */
  static spread(total: number): ImageSelection {
    const count = Math.min(MAX_MATCH_IMAGES, total);
    const place = (n: number) => (count === 1 ? 0 : Math.round((n * (total - 1)) / (count - 1)));
    const places = new Set(Array.from({ length: count }, (_, n) => place(n)));
    return new ImageSelection((position) => places.has(position));
  }

  /** The first frame and every `stride`-th after it. */
  static every(stride: number): ImageSelection {
    return new ImageSelection((position) => position % stride === 0);
  }

  /** Stores the matches of processed frame `position` if it is selected. */
  offer(position: number, matches: () => FrameMatches): void {
    if (this.#isSelected(position)) this.#chosen.push(matches());
  }

  /** The stored matches, in order. */
  get chosen(): readonly FrameMatches[] {
    return this.#chosen;
  }
}
