import type { ServoCamera, ServoSetup } from '../domain/servo.js';
import { AppError } from '../errors/app-error.js';
import { invalidField, validationFailed } from '../errors/common-errors.js';
import { extractedValuesOf } from '../middlewares/body/extracted-values.js';
import type { Call } from '../middlewares/endpoint.js';
import { parseCameraInfo } from '../protocols/camera-info/camera-info.js';
import { base64Bytes, readDataUrl } from '../protocols/data-url.js';
import type { servoOperations } from '../schemas/servo.schema.js';
import type { ServoGoalRequest } from '../services/servo-goals.js';

type OpenCall = Call<(typeof servoOperations)['open']>;
type Body = OpenCall['body'];

/**
 * The goal that a request names, or brings as a file.
 * @throws AppError VALIDATION unless it is given once; BASE64_INVALID; PICTURE_TOO_LARGE of a file
 */
export async function readGoal({ body, images, request }: OpenCall): Promise<ServoGoalRequest> {
  const { goal } = body;
  if (images.length + (goal ? 1 : 0) !== 1) {
    const message = 'give exactly one of goal.image, goal.mediaId, goal.sessionId and a file in a form';
    throw validationFailed([{ pointer: '/goal', message, code: 'REQUIRED' }]);
  }
  if (!goal) {
    const [{ content }] = images;
    if (content instanceof AppError) throw content;
    return { kind: 'image', bytes: await content.read() };
  }
  if ('mediaId' in goal) return { kind: 'media', ...goal };
  if ('sessionId' in goal) return { kind: 'session', ...goal };
  const extracted = extractedValuesOf(request);
  const text = extracted?.text(goal.image) ?? goal.image;
  extracted?.clear();
  return { kind: 'image', bytes: decodeImage(text) };
}

function decodeImage(text: string): Uint8Array {
  const url = readDataUrl(text);
  if (url === null) {
    const bytes = base64Bytes(text);
    if (bytes) return bytes;
    throw invalidField('/goal/image', 'BASE64_INVALID', '/goal/image: it is no base64 text.');
  }
  if ('bytes' in url) return url.bytes;
  throw invalidField('/goal/image', 'BASE64_INVALID', `/goal/image: the data URL ${url.problem}.`);
}

/** What a session computes with. @throws AppError CAMERA_INFO_INVALID */
export function readSetup(body: Body): ServoSetup {
  const { limits, handEye } = body;
  return {
    detector: body.detector,
    policy: body.policy,
    camera: cameraOf(body),
    fieldOfView: body.fieldOfView ?? null,
    goalDistance: body.goalDistance ?? null,
    depthHint: body.depthHint ?? null,
    gain: body.gain,
    limits: { linear: limits?.linear ?? null, angular: limits?.angular ?? null },
    handEye: handEye === undefined ? null : Array.isArray(handEye) ? handEye : matrixOf(handEye),
    onWeak: body.onWeak,
    workingSize: body.workingSize,
    device: body.device,
    strict: body.strict,
  };
}

function cameraOf({ intrinsics, cameraInfo }: Body): ServoCamera | null {
  if (cameraInfo !== undefined) return placedCamera(cameraInfo);
  if (!intrinsics) return null;
  const { width, height, ...pinhole } = intrinsics;
  const size = width === undefined || height === undefined ? null : { width, height };
  return { intrinsics: pinhole, size, distortion: null };
}

function placedCamera(cameraInfo: unknown): ServoCamera {
  try {
    return parseCameraInfo(cameraInfo);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, message, details } = error;
    const issues = error.issues.length > 0 ? error.issues : [{ pointer: '/cameraInfo', message, code }];
    throw new AppError(code, { message, details, issues, cause: error });
  }
}

/** The 4x4 matrix of a pose, row by row; the quaternion is normalised. */
function matrixOf({
  quaternion,
  translation,
}: {
  readonly quaternion: readonly number[];
  readonly translation: readonly number[];
}): readonly number[] {
  const length = Math.hypot(...quaternion);
  const [x, y, z, w] = quaternion.map((part) => part / length);
  const [tx, ty, tz] = translation;
  return [
    [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w), tx],
    [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w), ty],
    [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y), tz],
    [0, 0, 0, 1],
  ].flat();
}
