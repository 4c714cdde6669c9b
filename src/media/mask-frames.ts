import { holeCircle } from '../vision/inpainting/hole-size.js';
import type { MaskPaint } from '../domain/mask-paint.js';
import { ColourCounter, type MaskColours } from './mask-colours.js';
import { compareWithSource, VIDEO_COPY } from './mask-copy.js';
import { paintMask, paintOf } from './mask-reading.js';
import { withoutSpecks } from './mask-specks.js';
import type { Image } from '../vision/image/image.js';

/** Share of the pixels that is hole, and the diameter of the largest circle in it. */
export type FrameHole = Readonly<Record<'share' | 'circle', number>>;

/** Statistics of the frames counted so far. */
export interface FrameColours {
  readonly colours: MaskColours;
  /** Largest difference of any channel from that of the first pixel of the same frame. */
  readonly contrast: number;
}

/** A frame that may be a painted copy of the source. */
export type FrameCopy = FrameHole & { readonly isLikelyCopy: boolean };

/** Counts the colours of the frames of one mask video. */
export class FrameCounter {
  readonly #counter = new ColourCounter();
  #contrast = 0;

  add(frame: Image): void {
    this.#counter.add(frame);
    this.#contrast = Math.max(this.#contrast, contrastOf(frame.data));
  }

  found(): FrameColours {
    return { colours: this.#counter.colours(), contrast: this.#contrast };
  }
}

/** The hole of a frame according to a rule. */
export function measureHole(frame: Image, rule: MaskPaint): FrameHole {
  const { mask, share } = paintMask(frame, paintOf(rule));
  return { share, circle: holeCircle({ ...frame, data: mask }) };
}

/** Where a frame differs from the source; null when the frame is not a copy of it. */
export function compareFrame(frame: Image, source: Image): FrameCopy | null {
  const compared = compareWithSource(frame, source, VIDEO_COPY);
  if (compared === null) return null;
  const { mask, share } = withoutSpecks({ ...frame, data: compared.mask });
  return { share, circle: holeCircle({ ...frame, data: mask }), isLikelyCopy: compared.isLikelyCopy };
}

/** Largest difference of any channel from that of the first pixel; four bytes per pixel. */
export function contrastOf(data: Uint8Array): number {
  let most = 0;
  for (let at = 0; at < data.length; at += 1) {
    const difference = Math.abs(data[at] - data[at & 3]);
    if (difference > most) most = difference;
  }
  return most;
}
