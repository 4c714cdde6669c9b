import { z } from 'zod';
import type { Media } from '../../domain/dataset.js';
import { invalidField } from '../../errors/common-errors.js';

const MAX_PIXELS = 100_000;
/** Plausible focal lengths in image widths: from 136 degrees (fisheye) to 6 degrees (telephoto) field of view. */
const MIN_FOCAL_WIDTHS = 0.2;
const MAX_FOCAL_WIDTHS = 10;
/** Tolerance, relative to the focal length, of the skew and other elements that must be 0. */
const ZERO_TOLERANCE = 1e-3;

const focal = z.number().positive().max(MAX_PIXELS);
const centre = z.number().min(-MAX_PIXELS).max(MAX_PIXELS);
const side = z.number().int().positive().max(MAX_PIXELS).optional();

const pinhole = z.strictObject({ fx: focal, fy: focal, cx: centre, cy: centre, width: side, height: side });

/** Intrinsics as accepted from clients, with the size of the image that they were measured on. */
export type GivenIntrinsics = z.infer<typeof pinhole>;

/**
 * Fields that hold the camera matrix: in messages of ROS 1 and ROS 2, in ROS calibration files, and in those of OpenCV.
 */
const MATRIX_FIELDS = ['K', 'k', 'camera_matrix', 'cameraMatrix'] as const;

/**
 * A pinhole camera as `{fx, fy, cx, cy}`, as a 3x3 matrix, or as a ROS message or calibration file that contains one.
 * Other content of such messages (distortion, rectification) is ignored.
 */
export const intrinsicsSchema = z.preprocess(toPinhole, pinhole);

/** JSON schemas of the forms that {@link intrinsicsSchema} accepts, for documentation. */
export const INTRINSICS_FORMS = (() => {
  const numbers = { type: 'array' as const, items: { type: 'number' as const }, minItems: 9, maxItems: 9 };
  const row = { ...numbers, minItems: 3, maxItems: 3 };
  const matrix = { type: 'array' as const, items: row, minItems: 3, maxItems: 3 };
  const fields = {
    fx: 'number',
    fy: 'number',
    cx: 'number',
    cy: 'number',
    width: 'integer',
    height: 'integer',
  };
  return [
    {
      type: 'object' as const,
      required: ['fx', 'fy', 'cx', 'cy'],
      additionalProperties: false,
      properties: Object.fromEntries(
        Object.entries(fields).map(([name, type]) => [name, { type: type as 'number' | 'integer' }]),
      ),
    },
    matrix,
    ...['K', 'k'].map((name) => ({
      type: 'object' as const,
      description: `A \`sensor_msgs/CameraInfo\` message: \`${name}\` row by row`,
      required: [name],
      properties: { [name]: numbers },
    })),
    {
      type: 'object' as const,
      description: 'A calibration file',
      required: ['camera_matrix'],
      properties: {
        camera_matrix: { type: 'object' as const, required: ['data'], properties: { data: numbers } },
      },
    },
  ];
})();

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Converts the other forms to `{fx, fy, cx, cy}`; anything else is passed on for the schema to reject. */
function toPinhole(given: unknown, context: z.core.$RefinementCtx): unknown {
  if (Array.isArray(given)) return fromMatrix(given, [], context);
  if (!isRecord(given)) return given;
  const field = MATRIX_FIELDS.find((name) => given[name] !== undefined);
  if (field === undefined) return given;
  const held = given[field];
  const [matrix, path] = isRecord(held) ? [held.data, [field, 'data']] : [held, [field]];
  const camera = fromMatrix(matrix, path, context);
  if (!isRecord(camera)) return camera;
  const width = given.width ?? given.image_width;
  const height = given.height ?? given.image_height;
  // ROS messages without a size have 0x0.
  return width && height ? { ...camera, width, height } : camera;
}

function fromMatrix(matrix: unknown, path: PropertyKey[], context: z.core.$RefinementCtx): unknown {
  const refuse = (message: string) => {
    context.addIssue({ code: 'custom', path, message });
    return z.NEVER;
  };
  const flat: unknown[] = Array.isArray(matrix) ? matrix.flat() : [];
  const numbers = flat.filter((value) => typeof value === 'number');
  if (numbers.length !== 9 || flat.length !== 9) {
    return refuse('must be a 3x3 matrix: 9 numbers row by row, or 3 rows of 3 numbers');
  }
  const [fx, skew, cx, belowFx, fy, cy, left, middle, one] = numbers;
  const isZero = (value: number): boolean => Math.abs(value) <= ZERO_TOLERANCE * Math.abs(fx);
  if (isZero(cx) && isZero(cy) && !isZero(left) && !isZero(middle)) {
    return refuse('is transposed: the centre belongs at the end of the first and second row');
  }
  if (one !== 1 || left !== 0 || middle !== 0) return refuse('must have 0, 0, 1 as its last row');
  if (!isZero(skew) || !isZero(belowFx))
    return refuse('must have no skew: only fx, fy, cx and cy may differ from 0');
  return { fx, fy, cx, cy };
}

/**
 * Describes the likely mistake in intrinsics that cannot belong to a video of this size; `null` when they are
 * plausible.
 */
function mistakeIn({ fx, fy, cx, cy, ...made }: GivenIntrinsics, { width, height }: Media): string | null {
  const size = `${String(width)}x${String(height)}`;
  if ((made.width ?? width) !== width || (made.height ?? height) !== height) {
    const other = `${String(made.width ?? width)}x${String(made.height ?? height)}`;
    return `they are for images of ${other}, not ${size}; scale fx and cx by the ratio of the widths, fy and cy by that of the heights`;
  }
  const focalOff = [fx, fy].some((f) => f < MIN_FOCAL_WIDTHS * width || f > MAX_FOCAL_WIDTHS * width);
  const centreOff = cx < 0 || cx > width || cy < 0 || cy > height;
  if (!focalOff && !centreOff) return null;
  const limits = `fx and fy must be ${String(MIN_FOCAL_WIDTHS)} to ${String(MAX_FOCAL_WIDTHS)} widths of the image (${size}), the centre inside of it`;
  return `fx ${String(fx)}, fy ${String(fy)}, cx ${String(cx)}, cy ${String(cy)}: ${limits}. ${guess({ fx, fy, cx, cy }, { width, height })}`;
}

function guess(
  { fx, fy, cx, cy }: GivenIntrinsics,
  { width, height }: { readonly width: number; readonly height: number },
): string {
  const within = (value: number, limit: number): boolean => value >= 0 && value <= limit;
  if (within(cx, 2) && within(cy, 2) && Math.max(fx, fy) <= MAX_FOCAL_WIDTHS) {
    return 'Are they normalised? Multiply fx and cx by the width, fy and cy by the height.';
  }
  if (
    width !== height &&
    within(cx, height) &&
    within(cy, width) &&
    !(within(cx, width) && within(cy, height))
  ) {
    return 'Were they measured before the video was rotated? Give them for the displayed orientation.';
  }
  if (!within(cx, width) || !within(cy, height)) {
    const likely = `${String(Math.round(2 * cx))}x${String(Math.round(2 * cy))}`;
    return cx > 0 && cy > 0
      ? `Are they from another resolution, such as ${likely}? Scale them to this one.`
      : 'The centre is measured in pixels from the top left corner.';
  }
  return fx < width
    ? 'Is the focal length in millimetres or normalised? It must be in pixels.'
    : 'Are they from another resolution? Scale them to this one.';
}

/**
 * Rejects implausible intrinsics before anything is charged.
 * @param video its displayed size, after rotation
 * @throws AppError INTRINSICS_IMPLAUSIBLE (invalid) with the likely mistake
 */
export function requirePlausible(intrinsics: GivenIntrinsics, video: Media): void {
  const mistake = mistakeIn(intrinsics, video);
  if (mistake === null) return;
  const message = `parameters.intrinsics do not fit the video "${video.name}": ${mistake}`;
  throw invalidField('/parameters/intrinsics', 'INTRINSICS_IMPLAUSIBLE', message);
}
