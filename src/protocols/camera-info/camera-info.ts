import { z } from 'zod';
import { DISTORTION_MODELS, type ServoCamera, type ServoDistortion } from '../../domain/servo.js';
import { AppError } from '../../errors/app-error.js';
import { readCameraText } from './camera-text.js';

const MAX_SIDE = 100_000;
const MAX_PIXELS = 1_000_000;
/** Skew may be this small part of the focal length. */
const ZERO_TOLERANCE = 1e-3;
/** Shorter focal lengths would vanish when pixels are binned. */
const MIN_FOCAL = 1e-6;
/** Far more than lenses have; what is larger is no calibration, or one that failed. */
const MAX_COEFFICIENT = 1e5;

const number = z.number().min(-MAX_PIXELS).max(MAX_PIXELS);
/** A matrix as a list, as rows, or as the object with `data` of calibration files. */
const matrix = z.union([
  z.array(z.union([number, z.array(number).max(16)])).max(32),
  z.object({ data: z.array(number).max(32) }),
]);
const side = z.number().int().min(0).max(MAX_SIDE);
const offset = z.number().int().min(0).max(MAX_SIDE).default(0);

/** All fields of the message and of the calibration files that are read; other fields are ignored. */
const cameraInfo = z.object({
  width: side.optional(),
  image_width: side.optional(),
  height: side.optional(),
  image_height: side.optional(),
  distortion_model: z.string().max(64).nullish(),
  camera_model: z.string().max(64).nullish(),
  binning_x: z.number().int().min(0).max(64).default(0),
  binning_y: z.number().int().min(0).max(64).default(0),
  roi: z.object({ x_offset: offset, y_offset: offset, width: offset, height: offset }).nullish(),
});

/** Names of the fields in ROS 1, ROS 2, in the calibration files of both, and in those of OpenCV. */
const MATRIX_FIELDS = ['K', 'k', 'camera_matrix', 'cameraMatrix', 'Camera_Matrix'] as const;
const DISTORTION_FIELDS = [
  'D',
  'd',
  'distortion_coefficients',
  'distortion_coeffs',
  'dist_coeffs',
  'distCoeffs',
  'Distortion_Coefficients',
] as const;

/** A camera in a `camchain.yaml` of Kalibr: `[fx, fy, cx, cy]` and `[width, height]`; the lens as elsewhere. */
const kalibrCamera = z.object({
  camera_model: z.literal('pinhole', { error: 'must be pinhole' }),
  intrinsics: z.array(number).length(4, { error: 'must be fx, fy, cx, cy' }),
  resolution: z.tuple([side, side]).optional(),
});
const KALIBR_CAMERA = /^cam\d{1,3}$/;

/** Names that other tools give the models. */
const MODEL_NAMES: Readonly<Record<string, ServoDistortion['model'] | 'none'>> = {
  plumb_bob: 'plumb_bob',
  radtan: 'plumb_bob',
  rational_polynomial: 'rational_polynomial',
  equidistant: 'equidistant',
  fisheye: 'equidistant',
  kannala_brandt: 'equidistant',
  kannala_brandt4: 'equidistant',
  none: 'none',
};

/** How many coefficients a model has, and how many may be left out at the end. */
const COEFFICIENTS = {
  plumb_bob: { least: 4, most: 5 },
  rational_polynomial: { least: 8, most: 8 },
  equidistant: { least: 4, most: 4 },
} as const satisfies Record<ServoDistortion['model'], { least: number; most: number }>;

type Fields = Readonly<Record<string, unknown>>;
type Pinhole = ServoCamera['intrinsics'];

/**
 * The camera of a ROS `sensor_msgs/CameraInfo` (ROS 1 or 2), or of a calibration file of ROS, OpenCV or Kalibr. Intrinsics and
 * distortion are those of the raw image (K and D); a region of interest and binning are applied, as REP 104 has it.
 * @param given YAML or JSON text, or what was parsed of it
 * @throws AppError CAMERA_INFO_INVALID (invalid) that names the field
 */
export function parseCameraInfo(given: unknown): ServoCamera {
  const content = typeof given === 'string' ? readCameraText(given) : given;
  if (!isRecord(content)) throw invalid('', 'must be an object with the fields of a CameraInfo message');
  const fields = ofKalibr(content);
  const parsed = cameraInfo.safeParse(fields);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw invalid(path.join('.'), message);
  }
  const info = parsed.data;
  const width = info.width ?? info.image_width ?? 0;
  const height = info.height ?? info.image_height ?? 0;
  if ((width === 0) !== (height === 0)) throw invalid('width, height', 'must both be given, or none of them');
  const intrinsics = intrinsicsOf(fields);
  const distortion = distortionOf(fields, info.distortion_model ?? info.camera_model ?? '');
  const size = width === 0 ? null : { width, height };
  return { ...cropped({ intrinsics, size }, info), distortion };
}

const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The camera of a `camchain.yaml` with the fields of a CameraInfo; other content as it is. */
function ofKalibr(content: Fields): Fields {
  const [name, ...others] = Object.keys(content).filter((key) => KALIBR_CAMERA.test(key));
  if (others.length > 0)
    throw invalid('', `has ${String(others.length + 1)} cameras; give the block of one of them alone`);
  const camera = name === undefined ? content : content[name];
  if (!isRecord(camera)) throw invalid(name, 'must be an object with the fields of a camera');
  const hasMatrix = MATRIX_FIELDS.some((field) => Object.hasOwn(camera, field));
  if (hasMatrix || !Object.hasOwn(camera, 'intrinsics')) return camera;
  const parsed = kalibrCamera.safeParse(camera);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw invalid(path.join('.'), message);
  }
  const { intrinsics, resolution } = parsed.data;
  const [fx, fy, cx, cy] = intrinsics;
  const [width, height] = resolution ?? [];
  return { ...camera, K: [fx, 0, cx, 0, fy, cy, 0, 0, 1], width, height };
}

/** The first of the fields that is there, with its numbers one after the other. */
function numbersOf(fields: Fields, names: readonly string[]): { name: string; values: number[] } | null {
  const name = names.find(
    (candidate) => Object.hasOwn(fields, candidate) && (fields[candidate] ?? null) !== null,
  );
  if (name === undefined) return null;
  const parsed = matrix.safeParse(fields[name]);
  if (!parsed.success)
    throw invalid(name, 'must be a list of finite numbers, or an object with such a list in `data`');
  const values = Array.isArray(parsed.data) ? parsed.data.flat() : parsed.data.data;
  return { name, values };
}

function intrinsicsOf(fields: Fields): Pinhole {
  const found = numbersOf(fields, MATRIX_FIELDS);
  if (found === null) throw invalid('K', `is missing: one of ${MATRIX_FIELDS.join(', ')} must be there`);
  const { name, values } = found;
  if (values.length !== 9)
    throw invalid(name, `must have 9 numbers row by row, not ${String(values.length)}`);
  const [fx, skew, cx, zero, fy, cy, left, middle, one] = values;
  if (values.every((value) => value === 0))
    throw invalid(name, 'has only zeros: the camera is not calibrated');
  if (left !== 0 || middle !== 0 || one !== 1 || zero !== 0)
    throw invalid(name, 'must have 0 at the start of its second row and 0, 0, 1 as its last row');
  if (!(fx >= MIN_FOCAL && fy >= MIN_FOCAL))
    throw invalid(name, `must have focal lengths above 0, not ${String(fx)} and ${String(fy)}`);
  if (Math.abs(skew) > ZERO_TOLERANCE * fx) throw invalid(name, `must have no skew, but has ${String(skew)}`);
  return { fx, fy, cx, cy };
}

function distortionOf(fields: Fields, named: string): ServoDistortion | null {
  const found = numbersOf(fields, DISTORTION_FIELDS);
  const values = found?.values ?? [];
  const field = found?.name ?? 'D';
  if (values.some((value) => Math.abs(value) > MAX_COEFFICIENT))
    throw invalid(field, `must have coefficients of at most ${String(MAX_COEFFICIENT)}`);
  const model = modelOf(named, values.length);
  if (model === 'none' || isUndistorted(model, values)) return null;
  const { least, most } = COEFFICIENTS[model];
  const [used, rest] = [values.slice(0, most), values.slice(most)];
  // OpenCV writes up to 14: thin prism and tilt, which ROS does not have.
  if (used.length < least || rest.some((value) => value !== 0)) {
    const wanted = least === most ? String(most) : `${String(least)} or ${String(most)}`;
    throw invalid(field, `must have ${wanted} coefficients for ${model}, not ${String(values.length)}`);
  }
  return { model, coefficients: used };
}

/** Zeros are no distortion, but for `equidistant`: there they are the lens whose radius is the angle itself. */
const isUndistorted = (model: ServoDistortion['model'], values: readonly number[]): boolean =>
  values.length === 0 || (model !== 'equidistant' && values.every((value) => value === 0));

/** The model by its name; files of OpenCV have none, and there the number of coefficients says it. */
function modelOf(named: string, count: number): ServoDistortion['model'] | 'none' {
  const name = named.trim().toLowerCase();
  if (Object.hasOwn(MODEL_NAMES, name)) return MODEL_NAMES[name];
  if (name !== '' && name !== 'pinhole') {
    throw invalid(
      'distortion_model',
      `is ${JSON.stringify(named)}; known are ${DISTORTION_MODELS.join(', ')}`,
    );
  }
  if (count === 0) return 'none';
  return count > COEFFICIENTS.plumb_bob.most ? 'rational_polynomial' : 'plumb_bob';
}

/**
 * The camera of the images that are sent: of the full image the region of interest is cut out, then pixels are binned.
 * The corner of the top left pixel, at (-0.5, -0.5), is what stays in place.
 */
function cropped(
  { intrinsics, size }: Pick<ServoCamera, 'intrinsics' | 'size'>,
  { roi, binning_x: binX, binning_y: binY }: z.infer<typeof cameraInfo>,
): Pick<ServoCamera, 'intrinsics' | 'size'> {
  const [x, y] = [Math.max(1, binX), Math.max(1, binY)];
  // A region without a size is the whole image.
  const region = roi && roi.width > 0 && roi.height > 0 ? roi : null;
  const { fx, fy, cx, cy } = intrinsics;
  const [left, top] = [region?.x_offset ?? 0, region?.y_offset ?? 0];
  if (region && size && (left + region.width > size.width || top + region.height > size.height))
    throw invalid('roi', `must lie within the image of ${String(size.width)}x${String(size.height)} pixels`);
  const whole = region ?? size;
  const rest = whole && { width: Math.floor(whole.width / x), height: Math.floor(whole.height / y) };
  if (rest && (rest.width < 1 || rest.height < 1))
    throw invalid('binning_x', 'leaves no pixels of the image');
  return {
    intrinsics: {
      fx: fx / x,
      fy: fy / y,
      cx: (cx - left + 0.5) / x - 0.5,
      cy: (cy - top + 0.5) / y - 0.5,
    },
    size: rest,
  };
}

function invalid(field: string, problem: string): AppError {
  const message = `The calibration of the camera is not valid: ${field === '' ? 'it' : field} ${problem}.`;
  return new AppError('CAMERA_INFO_INVALID', { message, details: { field } });
}
