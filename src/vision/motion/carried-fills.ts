import type { Mask } from '../image/mask.js';
import { compareAround } from './agreement.js';
import { correctField } from './local-motion.js';
import { misplacedBy } from './misplacement.js';
import { chain, follow, type MotionField } from './motion-field.js';
import { samplerOf, type PropagationTarget } from './pixel-source.js';
import type { Level } from './pyramid.js';
import type { Surroundings } from './surroundings.js';
import { STILL, type Warp } from './warp.js';
import type { Size } from '../image/image.js';

/** Carried fills may be further off than other frames: each change to a new fill is seen. */
const CARRIED = { most: 14, mostByPixel: 30, wholly: true } as const;
const MOST_KEYS = 4;

/** A filled frame whose fill is carried on by the motion. */
interface KeyFrame {
  readonly rgb: Uint8Array;
  readonly pyramid: readonly Level[];
  /** What was filled. */
  readonly mask: Mask;
  /** What must not be taken any more, since its surroundings have changed at some time. */
  readonly closed: Mask;
  /** From the present frame to this one. */
  motion: MotionField;
  /** Frames since in which the camera has moved. */
  moves: number;
  /** Pixels that the last frame took. */
  used: number;
}

/** The fills of earlier frames, carried on by the motion for as long as what surrounds them stays the same. */
export class CarriedFills {
  #keys: KeyFrame[] = [];

  readonly #size: Size;

  constructor(size: Size) {
    this.#size = size;
  }

  /** Carries all fills over from the frame before; drops them at a cut. */
  move(step: { readonly back: MotionField; readonly warp: Warp } | null): void {
    if (step === null) this.#keys = [];
    else
      for (const key of this.#keys) {
        key.motion = chain(step.back, key.motion);
        if (step.warp !== STILL) key.moves += 1;
      }
  }

  /** Keeps the fill of a frame. */
  add(rgb: Uint8Array, frame: Pick<KeyFrame, 'mask' | 'motion' | 'pyramid'>): void {
    const { mask } = frame;
    const closed = { ...mask, data: new Uint8Array(mask.data.length) };
    if (this.#keys.length === MOST_KEYS) {
      const used = this.#keys.map((key) => key.used);
      this.#keys.splice(used.indexOf(Math.min(...used)), 1);
    }
    this.#keys.push({ ...frame, rgb, closed, moves: 0, used: 0 });
  }

  /**
   * Takes wanted pixels from the oldest fill that still fits its surroundings: a pixel keeps the fill that it got first.
   * Where a fill no longer fits it is given up for good, even if the old surroundings come back.
   * @returns which pixels were found
   */
  take(
    target: PropagationTarget,
    { around, out, pyramid }: { around: Surroundings; out: Uint8Array; pyramid: readonly Level[] },
  ): Uint8Array {
    for (const key of this.#keys)
      key.motion = correctField(
        key.motion,
        { from: pyramid, to: key.pyramid },
        { box: around.box, size: this.#size },
      );
    const found = new Uint8Array(target.wanted.data.length);
    this.#keys = this.#keys.filter((key) => this.#takeFrom(key, target, { around, out, found }));
    return found;
  }

  /** @returns whether anything of the fill may still be used in later frames */
  #takeFrom(
    key: KeyFrame,
    { rgb, wanted }: PropagationTarget,
    { around, out, found }: { around: Surroundings; out: Uint8Array; found: Uint8Array },
  ): boolean {
    const target = { ...this.#size, rgb, wanted };
    const { motion } = key;
    // Only what was known then says whether the scene has changed.
    const seen = { rgb: key.rgb, closed: key.mask, motion };
    const agreement = compareAround(
      seen,
      { target, around },
      { ...CARRIED, misplaced: misplacedBy(key.moves, around.cell) },
    );
    if (agreement === null) return false;
    const read = samplerOf(key, this.#size);
    const [place, colour] = [new Float64Array(2), new Float64Array(3)];
    key.used = 0;
    for (let pixel = 0; pixel < found.length; pixel += 1) {
      if (wanted.data[pixel] === 0) continue;
      const x = pixel % this.#size.width;
      const y = (pixel - x) / this.#size.width;
      follow(motion, x, y, place);
      if (around.at(agreement.difference, x, y) > agreement.most) {
        this.#close(key.closed, place);
        continue;
      }
      if (found[pixel] !== 0 || !read(place[0], place[1], colour)) continue;
      for (let channel = 0; channel < 3; channel += 1) {
        const value = colour[channel] + around.at(agreement.light[channel], x, y);
        out[3 * pixel + channel] = Math.max(0, Math.min(255, Math.round(value)));
      }
      found[pixel] = 255;
      key.used += 1;
    }
    return true;
  }

  #close({ width, height, data }: Mask, [u, v]: Float64Array): void {
    const [x, y] = [Math.round(u), Math.round(v)];
    if (x >= 0 && y >= 0 && x < width && y < height) data[y * width + x] = 255;
  }
}
