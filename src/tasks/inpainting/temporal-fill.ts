import type { FrameMask } from './mask-track.js';
import type { Image, Size } from '../../vision/image/image.js';
import { type Mask, countHoles } from '../../vision/image/mask.js';
import { compareAround } from '../../vision/motion/agreement.js';
import { align, isStill } from '../../vision/motion/alignment.js';
import { CarriedFills } from '../../vision/motion/carried-fills.js';
import { localMotion, nodeStep } from '../../vision/motion/local-motion.js';
import { misplacedBy } from '../../vision/motion/misplacement.js';
import { chain, reverse, stillField, type MotionField } from '../../vision/motion/motion-field.js';
import type { PixelSource } from '../../vision/motion/pixel-source.js';
import { propagate } from '../../vision/motion/propagate.js';
import { pyramidOf, type Level } from '../../vision/motion/pyramid.js';
import { Surroundings } from '../../vision/motion/surroundings.js';
import { STILL, type Warp } from '../../vision/motion/warp.js';
import { growAndFeather } from '../../vision/image/mask-growth.js';

/** A frame in the window. */
export interface WindowFrame {
  readonly timeSeconds: number;
  /** As decoded; passed through unchanged. */
  readonly yuv: Uint8Array;
  readonly image: Image;
  readonly mask: FrameMask;
}

/** The motion between two neighbouring frames. */
interface Step {
  /** Global motion. */
  readonly warp: Warp;
  /** Dense motion, forward and backward. */
  readonly forth: MotionField;
  readonly back: MotionField;
}

interface Held extends WindowFrame {
  readonly pyramid: readonly Level[];
  /** Motion from the previous frame; `null` at a cut and for the first frame. */
  readonly step: Step | null;
}

/** Another frame that may show the content behind the hole. */
interface Neighbour {
  /** Distance in frames, and in how many of these steps the camera moved. */
  readonly distance: number;
  readonly moves: number;
  readonly source: PixelSource;
}

/** Fills pixels that no other frame shows, given the image so far and the remaining hole. */
export type FillRest = (image: Image, rest: Mask) => Promise<Image>;

/** A frame with its whole grown hole filled. */
export interface TemporalFrame extends WindowFrame {
  readonly fill: Image;
  /** Number of pixels taken from other frames, from carried fills, and newly filled. */
  readonly origin: { readonly seen: number; readonly carried: number; readonly filled: number };
}

/** Fills frames in order; may delay frames to look ahead. */
export interface FrameFill {
  push(frame: WindowFrame): AsyncGenerator<TemporalFrame>;
  finish(): AsyncGenerator<TemporalFrame>;
}

/** Fills every frame separately. */
export class SingleFrameFill implements FrameFill {
  readonly #fillRest: FillRest;

  constructor(fillRest: FillRest) {
    this.#fillRest = fillRest;
  }

  async *push(frame: WindowFrame): AsyncGenerator<TemporalFrame> {
    const { filled, grown } = frame.mask;
    const fill = filled === 0 ? frame.image : await this.#fillRest(frame.image, grown);
    yield { ...frame, fill, origin: { seen: 0, carried: 0, filled } };
  }

  async *finish(): AsyncGenerator<TemporalFrame> {
    // No frames are delayed.
  }
}

/**
 * Offsets, in frames, of the frames used before and after the current one; at the end of a scene its last frame is used
 * as well.
 */
const OFFSETS = [1, 2, 5, 10, 20, 35];
const REACH = 35;
/** Memory limit of the frames of a window, bytes. */
const WINDOW_BYTES = 250_000_000;
/** Width in pixels of the transition from a carried fill to a new one. */
const SEAM = 6;
/** Limits on how much other frames may differ around the hole. */
const SEEN = { most: 8, mostByPixel: 10, wholly: false } as const;

/**
 * Fills a video frame by frame without flicker: hole pixels come from frames in which they are visible (located by the
 * motion of their surroundings), else from fills of earlier frames carried along the same motion, and only the
 * remaining pixels are filled from the frame itself. Frames go in with {@link push} and come out in order, delayed by the window.
 */
export class TemporalFill implements FrameFill {
  readonly #reach: number;
  readonly #frames: Held[] = [];
  /** Index in {@link #frames} of the next frame to output. */
  #next = 0;
  readonly #carried = new CarriedFills();
  /** First frame of the current period without camera motion; `null` while the camera moves. */
  #anchor: readonly Level[] | null = null;
  /** Surroundings of the last mask, cached because most masks do not change. */
  #around: { readonly mask: Mask; readonly surroundings: Surroundings } | null = null;

  readonly #size: Size;
  readonly #fillRest: FillRest;

  constructor(size: Size, fillRest: FillRest) {
    this.#size = size;
    this.#fillRest = fillRest;

    const frameBytes = size.width * size.height * 10;
    this.#reach = Math.max(2, Math.min(REACH, Math.floor(WINDOW_BYTES / frameBytes / 2)));
  }

  /** Adds the next frame; yields the frames whose window is complete. */
  async *push(frame: WindowFrame): AsyncGenerator<TemporalFrame> {
    const pyramid = pyramidOf(frame.image, frame.mask.grown);
    const before = this.#frames.at(-1);
    const step = before === undefined ? null : this.#stepBetween(before, pyramid);
    this.#frames.push({ ...frame, pyramid, step });
    while (this.#next + this.#reach < this.#frames.length) yield await this.#take();
  }

  #stepBetween(before: Held, pyramid: readonly Level[]): Step | null {
    // While the camera is static, frames are compared with the first of them, so that a slow motion is noticed when it
    // adds up.
    const anchor = this.#anchor ?? before.pyramid;
    const { warp: moved, sameScene } = align(anchor, pyramid, before.step?.warp ?? STILL);
    this.#anchor = null;
    if (!sameScene) return null;
    const still = isStill(anchor, pyramid, moved);
    if (still) this.#anchor = anchor;
    const warp = still ? STILL : moved;
    const forth = localMotion(before.pyramid, pyramid, { warp, size: this.#size });
    return { warp, forth, back: reverse(forth) };
  }

  /** Yields the remaining frames. */
  async *finish(): AsyncGenerator<TemporalFrame> {
    while (this.#next < this.#frames.length) yield await this.#take();
  }

  async #take(): Promise<TemporalFrame> {
    const frame = this.#frames[this.#next];
    this.#carried.move(frame.step);
    const filled = await this.#fill(frame);
    this.#next += 1;
    if (this.#next > this.#reach) {
      this.#frames.shift();
      this.#next -= 1;
    }
    return filled;
  }

  async #fill({ timeSeconds, yuv, image, mask, pyramid }: Held): Promise<TemporalFrame> {
    const done = { timeSeconds, yuv, image, mask };
    if (mask.filled === 0) return { ...done, fill: image, origin: { seen: 0, carried: 0, filled: 0 } };
    const fill = { ...image, data: Uint8Array.from(image.data) };
    const around = this.#surroundingsOf(mask.grown);
    const target = { image, wanted: mask.grown };
    const usable = this.#neighbours().flatMap(({ source, moves }) => {
      const misplaced = misplacedBy(moves, around.cell);
      const agreement = compareAround(source, { target, around }, { ...SEEN, misplaced });
      return agreement ? [{ source, agreement }] : [];
    });
    const seen = propagate(target, usable, { around, out: fill });
    const wanted = without(mask.grown, seen);
    const carried = this.#carried.take({ ...target, wanted }, { around, out: fill, pyramid });
    const rest = without(wanted, carried);
    const left = countHoles(rest.data);
    const result = left > 0 ? await this.#fillSoftly(fill, { rest, carried }) : fill;
    if (left > 0) this.#carried.add(result, { mask: mask.grown, motion: this.#still(), pyramid });
    const origin = { seen: countHoles(seen), carried: countHoles(carried), filled: left };
    return { ...done, fill: result, origin };
  }

  #surroundingsOf(mask: Mask): Surroundings {
    if (this.#around?.mask !== mask) this.#around = { mask, surroundings: new Surroundings(mask) };
    return this.#around.surroundings;
  }

  /** Fills the remaining pixels and blends the adjacent carried fill into the new one. */
  async #fillSoftly(
    fill: Image,
    { rest, carried }: { readonly rest: Mask; readonly carried: Uint8Array },
  ): Promise<Image> {
    const { grown, weight } = growAndFeather(rest, { grow: SEAM, feather: SEAM });
    const seam = grown.data.map((value, pixel) => (value > 0 && carried[pixel] > 0 ? 255 : 0));
    const open = { ...rest, data: rest.data.map((value, pixel) => value | seam[pixel]) };
    const filled = await this.#fillRest(fill, open);
    for (let pixel = 0; pixel < seam.length; pixel += 1) {
      if (seam[pixel] === 0) continue;
      const share = weight.data[pixel] / 255;
      for (let at = 3 * pixel; at < 3 * pixel + 3; at += 1)
        filled.data[at] = Math.round(fill.data[at] * (1 - share) + filled.data[at] * share);
    }
    return filled;
  }

  #still(): MotionField {
    return stillField(this.#size, nodeStep(this.#size, this.#frames[this.#next].pyramid));
  }

  /** Frames around the current one within the same scene, nearest first. */
  #neighbours(): Neighbour[] {
    return [...this.#towards(1), ...this.#towards(-1)].sort((one, other) => one.distance - other.distance);
  }

  /** Frames after the current one (1) or before it (-1). */
  #towards(direction: 1 | -1): Neighbour[] {
    const found: Neighbour[] = [];
    let motion = this.#still();
    let moves = 0;
    for (let distance = 1; distance <= this.#reach; distance += 1) {
      const step = this.#stepTo(distance, direction);
      if (step === null) break;
      const { image, mask } = this.#frames[this.#next + direction * distance];
      if (step.warp !== STILL) moves += 1;
      motion = chain(motion, direction > 0 ? step.forth : step.back);
      // The last frame of a scene is always included; otherwise content that only it shows would vanish abruptly when
      // its offset passes the end.
      if (OFFSETS.includes(distance) || this.#stepTo(distance + 1, direction) === null)
        found.push({ distance, moves, source: { image, closed: mask.grown, motion } });
    }
    return found;
  }

  /** Motion of the last step to a neighbouring frame; `null` beyond a cut or the end. */
  #stepTo(distance: number, direction: 1 | -1): Step | null {
    const index = this.#next + direction * distance;
    if (index < 0 || index >= this.#frames.length) return null;
    return this.#frames[direction > 0 ? index : index + 1].step;
  }
}

/** Removes the filled pixels from a mask. */
function without(mask: Mask, found: Uint8Array): Mask {
  return { ...mask, data: mask.data.map((value, pixel) => (found[pixel] > 0 ? 0 : value)) };
}
