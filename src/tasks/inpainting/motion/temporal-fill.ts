import type { FrameMask } from '../mask-track.js';
import { countSet, type Plane } from '../mask-kernels.js';
import { align } from './alignment.js';
import { localMotion, nodeStep } from './local-motion.js';
import { chain, reverse, stillField, type MotionField } from './motion-field.js';
import { matchLight, propagate, ringOf, type PixelSource } from './propagate.js';
import { pyramidOf, type Level } from './pyramid.js';
import { STILL, type Warp } from './warp.js';

/** A frame on its way through the window. */
export interface WindowFrame {
  readonly timeSeconds: number;
  /** As it was decoded; only handed through. */
  readonly yuv: Uint8Array;
  readonly rgb: Uint8Array;
  readonly mask: FrameMask;
}

/** The motion between two neighbouring frames. */
interface Step {
  /** Of the whole picture. */
  readonly warp: Warp;
  /** Of its parts, there and back. */
  readonly forth: MotionField;
  readonly back: MotionField;
}

interface Held extends WindowFrame {
  readonly pyramid: readonly Level[];
  /** From the frame before to this one; null at a cut and before the first frame. */
  readonly step: Step | null;
}

/** A filled frame whose fill is carried on by the motion. */
interface KeyFrame {
  readonly rgb: Uint8Array;
  /** From the present frame to this one. */
  motion: MotionField;
}

/** Fills what no other frame shows: the picture so far, and what of it is still hole. */
export type FillRest = (rgb: Uint8Array, rest: Plane) => Promise<Uint8Array>;

/** A frame with its whole grown hole filled. */
export interface TemporalFrame extends WindowFrame {
  readonly fill: Uint8Array;
  /** Pixels that came from other frames, from carried fills, and from the fill itself. */
  readonly origin: { readonly seen: number; readonly carried: number; readonly filled: number };
}

/** Fills frames one after the other; may hold some back to look ahead. */
export interface FrameFill {
  push(frame: WindowFrame): AsyncGenerator<TemporalFrame>;
  finish(): AsyncGenerator<TemporalFrame>;
}

/** Fills every frame by itself. */
export class SingleFrameFill implements FrameFill {
  constructor(private readonly fillRest: FillRest) {}

  async *push(frame: WindowFrame): AsyncGenerator<TemporalFrame> {
    const { filled, grown } = frame.mask;
    const fill = filled === 0 ? frame.rgb : await this.fillRest(frame.rgb, grown);
    yield { ...frame, fill, origin: { seen: 0, carried: 0, filled } };
  }

  async *finish(): AsyncGenerator<TemporalFrame> {
    // Nothing is held back.
  }
}

/** Frames that may be looked at before and after the present one. */
const OFFSETS = [1, 2, 5, 10, 20, 35];
const REACH = 35;
/** Bytes that the frames of a window may take together. */
const WINDOW_BYTES = 250_000_000;
const MOST_KEYS = 4;
/** Fills are kept while they still more or less fit: a new one would be another picture, and the change be seen. */
const KEY_PATIENCE = 2;

/**
 * Fills a video frame by frame without flicker: hole pixels come from frames in which they are seen (by the motion of
 * their surroundings), else from fills of earlier frames carried on by the same motion, and only what is left is
 * filled anew. Frames go in by {@link push} and come out in order, a window later.
 */
export class TemporalFill implements FrameFill {
  readonly #reach: number;
  readonly #frames: Held[] = [];
  /** Index in {@link #frames} of the next frame to come out. */
  #next = 0;
  #keys: KeyFrame[] = [];

  constructor(
    private readonly size: { readonly width: number; readonly height: number },
    private readonly fillRest: FillRest,
  ) {
    const frameBytes = size.width * size.height * 10;
    this.#reach = Math.max(2, Math.min(REACH, Math.floor(WINDOW_BYTES / frameBytes / 2)));
  }

  /** Takes the next frame; yields those whose window is complete. */
  async *push(frame: WindowFrame): AsyncGenerator<TemporalFrame> {
    const pyramid = pyramidOf(frame.rgb, frame.mask.grown);
    const before = this.#frames.at(-1);
    const step = before === undefined ? null : this.#stepBetween(before, pyramid);
    this.#frames.push({ ...frame, pyramid, step });
    while (this.#next + this.#reach < this.#frames.length) yield await this.#take();
  }

  #stepBetween(before: Held, pyramid: readonly Level[]): Step | null {
    const { warp, sameScene } = align(before.pyramid, pyramid, before.step?.warp ?? STILL);
    if (!sameScene) return null;
    const forth = localMotion(before.pyramid, pyramid, { warp, size: this.size });
    return { warp, forth, back: reverse(forth) };
  }

  /** Yields the frames that are left. */
  async *finish(): AsyncGenerator<TemporalFrame> {
    while (this.#next < this.#frames.length) yield await this.#take();
  }

  async #take(): Promise<TemporalFrame> {
    const frame = this.#frames[this.#next];
    this.#moveKeys(frame);
    const filled = await this.#fill(frame);
    this.#next += 1;
    if (this.#next > this.#reach) {
      this.#frames.shift();
      this.#next -= 1;
    }
    return filled;
  }

  /** Carries the key frames over from the frame before. */
  #moveKeys({ step }: Held): void {
    if (step === null) this.#keys = [];
    else for (const key of this.#keys) key.motion = chain(step.back, key.motion);
  }

  async #fill({ timeSeconds, yuv, rgb, mask }: Held): Promise<TemporalFrame> {
    const done = { timeSeconds, yuv, rgb, mask };
    if (mask.filled === 0) return { ...done, fill: rgb, origin: { seen: 0, carried: 0, filled: 0 } };
    const fill = Uint8Array.from(rgb);
    const ring = ringOf(mask.grown);
    let rest: Plane = mask.grown;
    const takeFrom = (sources: readonly PixelSource[], patience: number): number => {
      const target = { ...this.size, rgb, wanted: rest };
      const usable = sources.flatMap((source) => {
        const light = matchLight(source, { target, ring, patience });
        return light ? [{ source, light }] : [];
      });
      const found = propagate(target, usable, fill);
      rest = { ...rest, data: rest.data.map((value, pixel) => (found[pixel] > 0 ? 0 : value)) };
      return countSet(found);
    };
    const seen = takeFrom(this.#neighbours(), 1);
    let carried = 0;
    // The oldest fill first and one at a time: a pixel keeps the fill that it got first.
    for (const key of this.#keys) carried += takeFrom([key], KEY_PATIENCE);
    const left = countSet(rest.data);
    const result = left > 0 ? await this.fillRest(fill, rest) : fill;
    if (left > 0) this.#addKey(result);
    return { ...done, fill: result, origin: { seen, carried, filled: left } };
  }

  #still(): MotionField {
    return stillField(this.size, nodeStep(this.size, this.#frames[this.#next].pyramid));
  }

  #addKey(rgb: Uint8Array): void {
    this.#keys.push({ rgb, motion: this.#still() });
    // The first one holds what most frames have taken, so the second goes.
    if (this.#keys.length > MOST_KEYS) this.#keys.splice(1, 1);
  }

  /** Frames around the present one, the nearest first, as far as no cut lies between. */
  #neighbours(): PixelSource[] {
    const sources: { distance: number; source: PixelSource }[] = [];
    for (const direction of [1, -1]) {
      let motion = this.#still();
      for (let distance = 1; distance <= this.#reach; distance += 1) {
        const index = this.#next + direction * distance;
        const frame = this.#frames.at(index);
        if (index < 0 || !frame) break;
        const step = direction > 0 ? frame.step : this.#frames[index + 1].step;
        if (step === null) break;
        motion = chain(motion, direction > 0 ? step.forth : step.back);
        if (!OFFSETS.includes(distance)) continue;
        sources.push({ distance, source: { rgb: frame.rgb, closed: frame.mask.grown, motion } });
      }
    }
    return sources.sort((one, other) => one.distance - other.distance).map(({ source }) => source);
  }
}
