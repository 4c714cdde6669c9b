import { holeCircle } from '../domain/large-hole.js';
import type { MaskPaint } from '../domain/mask-paint.js';
import { ColourCounter, type MaskColours, type RgbaPicture } from './mask-colours.js';
import { compareWithSource, paintMask, paintOf, VIDEO_COPY, type SourcePixels } from './mask-reading.js';
import { withoutSpecks } from './mask-specks.js';

/** What is asked about one frame of a mask video. */
export type FrameOrder =
  | { readonly kind: 'count'; readonly frame: RgbaPicture }
  | { readonly kind: 'measure'; readonly frame: RgbaPicture; readonly rule: MaskPaint }
  | { readonly kind: 'compare'; readonly frame: RgbaPicture; readonly source: SourcePixels };

/** Share of the pixels that is hole, and width of the largest circle in it. */
export type FrameHole = Readonly<Record<'share' | 'circle', number>>;

/** What was found, by the kind of the order. */
export interface FrameFindings {
  readonly count: {
    /** Of all frames that were counted so far. */
    readonly colours: MaskColours;
    /** Largest difference of any channel from that of the frame's first pixel. */
    readonly contrast: number;
  };
  readonly measure: FrameHole;
  /** Null where the frame is no copy of the source. */
  readonly compare: (FrameHole & { readonly isLikelyCopy: boolean }) | null;
}

/** Answers what is asked about the frames of one mask video. It goes through millions of pixels: run it in a thread. */
export class MaskFrames {
  readonly #counter = new ColourCounter();

  /** What was asked for. */
  answer(order: FrameOrder): FrameFindings[keyof FrameFindings] {
    switch (order.kind) {
      case 'count':
        this.#counter.add(order.frame);
        return { colours: this.#counter.colours(), contrast: contrastOf(order.frame.data) };
      case 'measure':
        return measure(order.frame, order.rule);
      case 'compare':
        return compare(order.frame, order.source);
    }
  }
}

function measure(frame: RgbaPicture, rule: MaskPaint): FrameHole {
  const { mask, share } = paintMask(frame, paintOf(rule));
  return { share, circle: holeCircle({ ...frame, data: mask }) };
}

function compare(frame: RgbaPicture, source: SourcePixels): FrameFindings['compare'] {
  const compared = compareWithSource(frame, source, VIDEO_COPY);
  if (compared === null) return null;
  const { mask, share } = withoutSpecks({ ...frame, data: compared.mask });
  return { share, circle: holeCircle({ ...frame, data: mask }), isLikelyCopy: compared.isLikelyCopy };
}

/** Largest difference of any channel from that of the first pixel, of pixels of four bytes. */
export function contrastOf(data: Uint8Array): number {
  let most = 0;
  for (let at = 0; at < data.length; at += 1) {
    const difference = Math.abs(data[at] - data[at & 3]);
    if (difference > most) most = difference;
  }
  return most;
}
