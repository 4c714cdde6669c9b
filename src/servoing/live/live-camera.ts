import type { ServoSetup } from '../../domain/servo.js';
import { AppError } from '../../errors/app-error.js';
import { workingSizeOf } from '../../media/frame-plan.js';
import { scaleIntrinsics } from '../../vision/features/normalised-plane.js';
import { defaultIntrinsics, type Intrinsics } from '../../vision/geometry/camera.js';
import { toRadians } from '../../vision/geometry/vector.js';
import type { Size } from '../../vision/image/image.js';
import { MIN_WORKING_SIDE } from '../camera-setup.js';
import type { LensView } from '../features/rectify-features.js';
import type { CameraView } from '../servo.js';

/** Working size and camera model of one image of a session. */
export interface LiveView extends CameraView {
  /** The lens in pixels of the working size; undefined for a pinhole camera. */
  readonly lens: LensView | undefined;
}

/** Camera settings of a session. */
type CameraFacts = Pick<ServoSetup, 'camera' | 'fieldOfView' | 'workingSize'>;

/** Plausible focal lengths in image widths, as for jobs: from a fisheye lens to a long telephoto lens. */
const [MIN_FOCAL_WIDTHS, MAX_FOCAL_WIDTHS] = [0.2, 10];

const text = ({ width, height }: Size): string => `${String(width)}x${String(height)}`;

/** Camera of a session; accepts images of any size with the goal's aspect ratio. */
export class LiveCamera {
  readonly #facts: CameraFacts;
  readonly #goal: Size;
  /** Size for which the intrinsics hold. */
  readonly #size: Size;
  readonly #intrinsics: Intrinsics;
  /** Cache: clients usually send frames of one size. */
  #last: { readonly size: Size; readonly view: LiveView } | undefined;

  /**
   * @param goal displayed size of the goal image
   * @throws AppError FRAME_SIZE_MISMATCH (invalid) if the intrinsics refer to another aspect ratio;
   * INTRINSICS_IMPLAUSIBLE (invalid)
   */
  constructor(facts: CameraFacts, goal: Size) {
    this.#facts = facts;
    this.#goal = goal;
    this.#size = facts.camera?.size ?? goal;
    this.#intrinsics = facts.camera?.intrinsics ?? guess(facts.fieldOfView, goal);
    if (!sameAspect(goal, this.#size))
      throw mismatch(
        `The goal image has ${text(goal)} pixels; the camera's intrinsics are for ${text(this.#size)}`,
      );
    if (facts.camera !== null) requirePlausible(this.#intrinsics, this.#size);
  }

  /**
   * View of an image of this size.
   * @throws AppError FRAME_SIZE_MISMATCH (invalid) if its aspect ratio differs from the goal's
   */
  view(size: Size): LiveView {
    const { width, height } = size;
    if (this.#last?.size.width === width && this.#last.size.height === height) return this.#last.view;
    if (!sameAspect(size, this.#goal))
      throw mismatch(`The frame has ${text(size)} pixels, the goal image ${text(this.#goal)}`);
    const view = this.#viewOf({ width, height });
    this.#last = { size: { width, height }, view };
    return view;
  }

  #viewOf(size: Size): LiveView {
    const workingSize = workingSizeOf(size, this.#facts.workingSize, MIN_WORKING_SIDE);
    const workingIntrinsics = scaleIntrinsics(
      this.#intrinsics,
      workingSize.width / this.#size.width,
      workingSize.height / this.#size.height,
    );
    const distortion = this.#facts.camera?.distortion ?? null;
    const lens = distortion === null ? undefined : { intrinsics: workingIntrinsics, distortion };
    return { workingSize, workingIntrinsics, lens };
  }
}

function guess(fieldOfView: number | null, { width, height }: Size): Intrinsics {
  const usual = defaultIntrinsics(width, height);
  if (fieldOfView === null) return usual;
  const focal = width / 2 / Math.tan(toRadians(fieldOfView) / 2);
  return { ...usual, fx: focal, fy: focal };
}

/** The principal point of a cropped image may lie outside of it, but not far. */
function requirePlausible({ fx, fy, cx, cy }: Intrinsics, size: Size): void {
  const { width, height } = size;
  const focal = [fx, fy].every((f) => f >= MIN_FOCAL_WIDTHS * width && f <= MAX_FOCAL_WIDTHS * width);
  const near = (centre: number, side: number): boolean => centre >= -side && centre <= 2 * side;
  if (focal && near(cx, width) && near(cy, height)) return;
  const given = `fx ${String(fx)}, fy ${String(fy)}, cx ${String(cx)}, cy ${String(cy)}`;
  const limits = `fx and fy must be ${String(MIN_FOCAL_WIDTHS)} to ${String(MAX_FOCAL_WIDTHS)} image widths, the centre at most one image away`;
  const message = `The intrinsics (${given}) do not fit images of ${text(size)} pixels: ${limits}. Are they normalised, or of another resolution?`;
  throw new AppError('INTRINSICS_IMPLAUSIBLE', { message });
}

/** Tolerates one pixel, the rounding error of scaled sizes. */
function sameAspect(a: Size, b: Size): boolean {
  const scaled = (from: Size, to: Size): boolean =>
    Math.abs(to.height - (to.width * from.height) / from.width) <= 1 ||
    Math.abs(to.width - (to.height * from.width) / from.height) <= 1;
  return scaled(a, b) || scaled(b, a);
}

const mismatch = (what: string): AppError =>
  new AppError('FRAME_SIZE_MISMATCH', {
    message: `${what}: sizes may differ, but the ratio of width to height must be the same.`,
  });
