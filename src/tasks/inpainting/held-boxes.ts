import type { Detection, DetectionBox } from '../../domain/detection.js';

/** Number of frames for which an object that is no longer detected stays masked. */
const HELD_FRAMES = 10;
/** Weight of the latest step in the motion estimate: smooths boxes that jitter by a pixel. */
const NEWEST = 0.5;
/** Growth of a box per side and frame without detection, pixels. */
const GROWTH = 1;

/** An object with its detected or predicted box in the current frame. */
interface Track {
  readonly box: DetectionBox;
  /** Motion in pixels per frame. */
  readonly step: { readonly x: number; readonly y: number };
  /** Frames since it was last detected. */
  readonly age: number;
}

/**
 * Adds predicted boxes to the detections of a video frame, for objects that were detected a few frames earlier but are
 * missed now, for example behind another object: an object that should be removed must not become visible. Predicted
 * boxes continue with their last motion.
 */
export class HeldBoxes {
  #tracks: readonly Track[] = [];

  /** Processes the detections of the next frame; returns the boxes to mask. */
  next(detections: readonly Detection[]): readonly DetectionBox[] {
    const expected = this.#tracks.map(extrapolate);
    const matched = detections.map(({ box }) => nearest(box, expected));
    const found = detections.map(({ box }, index) => follow(box, matched[index]));
    // An object that is merely overlapped by a detection is still missed: it is behind the detected one.
    const missed = expected.filter((track) => track.age <= HELD_FRAMES && !matched.includes(track));
    this.#tracks = [...found, ...missed];
    return this.#tracks.map(({ box }) => box);
  }
}

const extrapolate = ({ box, step, age }: Track): Track => {
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

/** The track predicted nearest to a box; undefined for a new object. */
function nearest(box: DetectionBox, expected: readonly Track[]): Track | undefined {
  return expected
    .filter((track) => meet(track.box, box))
    .sort((one, other) => distance(one.box, box) - distance(other.box, box))
    .at(0);
}

/** Continues a track with a detected box; a new object starts without motion. */
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
