import type { Mask } from '../image/mask.js';
import { compareAround } from './agreement.js';
import { correctField } from './local-motion.js';
import { misplacedBy } from './misplacement.js';
import { chain, follow, type MotionField } from './motion-field.js';
import { samplerOf, type PropagationTarget } from './pixel-source.js';
import type { Level } from './pyramid.js';
import type { Surroundings } from './surroundings.js';
import { STILL, type Warp } from './warp.js';
import type { Image } from '../image/image.js';

/** Carried fills are compared less strictly than other frames, because every switch to a new fill is visible. */
const CARRIED = { most: 14, mostByPixel: 30, wholly: true } as const;
const MAX_KEYS = 4;

/** A filled frame whose fill is reused in later frames along the motion. */
interface KeyFrame {
  readonly image: Image;
  readonly pyramid: readonly Level[];
  /** The filled pixels. */
  readonly mask: Mask;
  /** Pixels that are no longer usable because their surroundings changed at some point. */
  readonly closed: Mask;
  /** Motion from the current frame to this one. */
  motion: MotionField;
  /** Number of frames since then in which the camera moved. */
  moves: number;
  /** Number of pixels that the last frame took from it. */
  used: number;
}

/** Fills of earlier frames, reused along the motion while their surroundings stay the same. */
export class CarriedFills {
  #keys: KeyFrame[] = [];

  /** Advances all fills to the next frame; drops them at a scene cut. */
  move(step: { readonly back: MotionField; readonly warp: Warp } | null): void {
    if (step === null) this.#keys = [];
    else
      for (const key of this.#keys) {
        key.motion = chain(step.back, key.motion);
        if (step.warp !== STILL) key.moves += 1;
      }
  }

  /** Adds the fill of a frame. */
  add(image: Image, frame: Pick<KeyFrame, 'mask' | 'motion' | 'pyramid'>): void {
    const { mask } = frame;
    const closed = { ...mask, data: new Uint8Array(mask.data.length) };
    if (this.#keys.length === MAX_KEYS) {
      const used = this.#keys.map((key) => key.used);
      this.#keys.splice(used.indexOf(Math.min(...used)), 1);
    }
    this.#keys.push({ ...frame, image, closed, moves: 0, used: 0 });
  }

  /**
   * Fills the wanted pixels from the oldest fill that still fits its surroundings, so that a pixel keeps its first
   * fill. A fill that no longer fits at a pixel is not used there again, even if the old surroundings come back.
   * @returns mask of the pixels that were filled
   */
  take(
    target: PropagationTarget,
    { around, out, pyramid }: { around: Surroundings; out: Image; pyramid: readonly Level[] },
  ): Uint8Array {
    for (const key of this.#keys)
      key.motion = correctField(
        key.motion,
        { from: pyramid, to: key.pyramid },
        { box: around.box, size: target.image },
      );
    const found = new Uint8Array(target.wanted.data.length);
    this.#keys = this.#keys.filter((key) => this.#takeFrom(key, target, { around, out, found }));
    return found;
  }

  /** @returns false when the fill can be dropped */
  #takeFrom(
    key: KeyFrame,
    target: PropagationTarget,
    { around, out, found }: { around: Surroundings; out: Image; found: Uint8Array },
  ): boolean {
    const { image, wanted } = target;
    const { motion } = key;
    // Compares only pixels that were known then, because only those show whether the scene has changed.
    const seen = { image: key.image, closed: key.mask, motion };
    const agreement = compareAround(
      seen,
      { target, around },
      { ...CARRIED, misplaced: misplacedBy(key.moves, around.cell) },
    );
    if (agreement === null) return false;
    const read = samplerOf(key);
    const [place, colour] = [new Float64Array(2), new Float64Array(3)];
    key.used = 0;
    for (let pixel = 0; pixel < found.length; pixel += 1) {
      if (wanted.data[pixel] === 0) continue;
      const x = pixel % image.width;
      const y = (pixel - x) / image.width;
      follow(motion, x, y, place);
      if (around.at(agreement.difference, x, y) > agreement.most) {
        this.#close(key.closed, place);
        continue;
      }
      if (found[pixel] !== 0 || !read(place[0], place[1], colour)) continue;
      for (let channel = 0; channel < 3; channel += 1) {
        const value = colour[channel] + around.at(agreement.light[channel], x, y);
        out.data[3 * pixel + channel] = Math.max(0, Math.min(255, Math.round(value)));
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
