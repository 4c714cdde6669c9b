import type { Detection, DetectionBox } from '../../domain/detection.js';

/** Frames for which an object that is not found any more stays masked. */
const HELD_FRAMES = 10;
/** Part of the newest step in what is thought of an object's motion: boxes tremble by a pixel. */
const NEWEST = 0.5;
/** Pixels by which a box grows on each side for each frame without its object. */
const GROWTH = 1;

/** An object with the box that it has, or is thought to have, in the present frame. */
interface Track {
  readonly box: DetectionBox;
  /** Pixels from one frame to the next. */
  readonly step: { readonly x: number; readonly y: number };
  /** Frames since it was found. */
  readonly age: number;
}

/**
 * Boxes of a video frame, with those of objects that are not found in it and were a few frames before: what a detector
 * overlooks, such as behind another object, must not be seen. Their boxes move on as they last did.
 */
export class HeldBoxes {
  #tracks: readonly Track[] = [];

  /** Takes what was found in the next frame. */
  next(detections: readonly Detection[]): readonly DetectionBox[] {
    const expected = this.#tracks.map(movedOn);
    const matched = detections.map(({ box }) => nearest(box, expected));
    const found = detections.map(({ box }, index) => follow(box, matched[index]));
    // An object that is only overlapped by a found one is missed too: it stands behind it.
    const missed = expected.filter((track) => track.age <= HELD_FRAMES && !matched.includes(track));
    this.#tracks = [...found, ...missed];
    return this.#tracks.map(({ box }) => box);
  }
}

const movedOn = ({ box, step, age }: Track): Track => {
  const { x, y, width, height } = box;
  return {
    box: {
      x: x + step.x - GROWTH,
      y: y + step.y - GROWTH,
      width: width + 2 * GROWTH,
      height: height + 2 * GROWTH,
    },
    step,
    age: age + 1,
  };
};

/** The object that was expected where a box is; undefined for a new one. */
function nearest(box: DetectionBox, expected: readonly Track[]): Track | undefined {
  return expected
    .filter((track) => meet(track.box, box))
    .sort((one, other) => distance(one.box, box) - distance(other.box, box))
    .at(0);
}

/** A found box as the next place of its object; a new object stands still. */
function follow(box: DetectionBox, near: Track | undefined): Track {
  if (near === undefined) return { box, step: { x: 0, y: 0 }, age: 0 };
  const step = {
    x: near.step.x + NEWEST * (middle(box).x - middle(near.box).x),
    y: near.step.y + NEWEST * (middle(box).y - middle(near.box).y),
  };
  return { box, step, age: 0 };
}

const middle = ({ x, y, width, height }: DetectionBox) => ({ x: x + width / 2, y: y + height / 2 });

const distance = (a: DetectionBox, b: DetectionBox): number =>
  Math.hypot(middle(a).x - middle(b).x, middle(a).y - middle(b).y);

const meet = (a: DetectionBox, b: DetectionBox): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
