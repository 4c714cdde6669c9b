import type { Detection, DetectionBox } from '../../domain/detection.js';

/** Frames for which an object that is not found any more stays masked. */
const HELD_FRAMES = 5;

/**
 * Boxes of a video frame, with those of the frames before that nothing covers now: an object that a detector overlooks in
 * a few frames must not be seen in them.
 */
export class HeldBoxes {
  #held: readonly { readonly box: DetectionBox; readonly age: number }[] = [];

  /** Takes what was found in the next frame. */
  next(detections: readonly Detection[]): readonly DetectionBox[] {
    const missed = this.#held
      .map(({ box, age }) => ({ box, age: age + 1 }))
      .filter(({ box, age }) => age <= HELD_FRAMES && !detections.some((found) => meet(found.box, box)));
    this.#held = [...detections.map(({ box }) => ({ box, age: 0 })), ...missed];
    return this.#held.map(({ box }) => box);
  }
}

const meet = (a: DetectionBox, b: DetectionBox): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
