import { z } from 'zod';
import { handEyeFault, MAX_HAND_EYE_OFFSET } from '../domain/hand-eye.js';
import { MAX_CAMERA_INFO_CHARACTERS } from '../domain/limits.js';
import { DEFAULT_SERVO_GAIN } from '../domain/servo.js';
import { cnsParamsSchema } from '../tasks/cns/params.js';

const MAX_PIXELS = 100_000;
/** Longer limits and gains are slips of the pen rather than robots. */
const MAX_METRES = 1000;
const MAX_SPEED = 100;
const MAX_GAIN = 100;

const { policy, detector, workingSize, strict, goalDistance } = cnsParamsSchema.shape;
const device = z.enum(['auto', 'cpu', 'cuda', 'webgpu']).default('cpu');

const pixels = z.number().min(-MAX_PIXELS).max(MAX_PIXELS);
const focal = z.number().positive().max(MAX_PIXELS);
const side = z.number().int().min(1).max(MAX_PIXELS).optional();
/** A pinhole camera; width and height belong together. */
const intrinsics = z
  .strictObject({ fx: focal, fy: focal, cx: pixels, cy: pixels, width: side, height: side })
  .refine(({ width, height }) => (width === undefined) === (height === undefined), {
    message: 'needs both width and height, or neither',
  });

const gainValue = z.number().positive().max(MAX_GAIN);
const adaptiveGain = z
  .strictObject({
    zero: gainValue,
    infinity: gainValue,
    slope: z.number().min(-1e6).max(1e6),
  })
  .refine(({ zero, infinity, slope }) => slope * (zero - infinity) >= 0, {
    path: ['slope'],
    message: 'must have the sign of zero - infinity: it is minus the derivative of the gain at 0',
  });

const speed = z.number().positive().max(MAX_SPEED).nullish();
const MAX_LIST_LENGTH = 16;
const matrix = z
  .union([
    z.array(z.number()).length(MAX_LIST_LENGTH),
    z
      .array(z.array(z.number()).length(4))
      .length(4)
      .transform((rows) => rows.flat()),
  ])
  .superRefine((elements, context) => {
    const fault = handEyeFault(elements);
    if (fault !== null) context.addIssue({ code: 'custom', message: fault });
  });
const metres = z.number().min(-MAX_HAND_EYE_OFFSET).max(MAX_HAND_EYE_OFFSET);
const pose = z
  .strictObject({
    quaternion: z.array(z.number()).length(4).meta({ description: 'x, y, z, w' }),
    translation: z.array(metres).length(3).meta({ description: 'Metres' }),
  })
  .refine(({ quaternion }) => Math.abs(Math.hypot(...quaternion) - 1) < 1e-2, {
    path: ['quaternion'],
    message: 'must have the length 1',
  });

/** What a session computes with, as a client gives it. */
export const servoSetupFields = {
  detector,
  policy,
  intrinsics: intrinsics.optional().meta({
    description:
      'Undistorted pinhole camera in pixels; of frames of the size of the goal unless `width` and `height` say otherwise. ' +
      'At most one of `intrinsics`, `cameraInfo` and `fieldOfView`.',
    example: { fx: 537.6, fy: 537.6, cx: 320, cy: 240 },
  }),
  cameraInfo: z
    .union([z.string().min(1).max(MAX_CAMERA_INFO_CHARACTERS), z.record(z.string(), z.unknown())])
    .optional()
    .meta({
      description:
        'A `sensor_msgs/CameraInfo` of ROS, or a calibration file, as JSON object or as text of YAML or JSON, with the ' +
        'distortion models `plumb_bob`, `rational_polynomial` and `equidistant`.',
    }),
  fieldOfView: z.number().min(1).max(175).optional().meta({
    description: 'Horizontal field of view of the goal image in degrees, of a lens without distortion',
  }),
  goalDistance,
  depthHint: z
    .number()
    .positive()
    .max(MAX_METRES)
    .optional()
    .meta({
      description:
        'Metres from the camera to the scene at the first frame that has a velocity; the goal distance follows from it. ' +
        'Not together with `goalDistance`.',
    }),
  gain: z
    .union([gainValue, adaptiveGain])
    .default(DEFAULT_SERVO_GAIN)
    .meta({
      description:
        'Share of the remaining motion commanded per second: a number, or an adaptive gain ' +
        '`(zero - infinity) * exp(-slope / (zero - infinity) * x) + infinity`, with x the largest element of the remaining motion.',
      example: DEFAULT_SERVO_GAIN,
    }),
  limits: z
    .strictObject({ linear: speed, angular: speed })
    .optional()
    .meta({
      description:
        'Longest translation in m/s and rotation in rad/s; a velocity beyond one of them is scaled as a whole, so its direction stays.',
      example: { linear: 0.5, angular: 1 },
    }),
  handEye: z.union([matrix, pose]).optional().meta({
    description:
      'Pose of the camera in the frame of the tool, as 4x4 matrix row by row or as `{quaternion, translation}`: answers then hold the velocity of the tool too.',
  }),
  onWeak: z
    .enum(['use', 'null'])
    .default('use')
    .meta({ description: 'Whether a frame with weak matches gets its velocity or none' }),
  workingSize,
  device,
  strict,
} as const;

/** Fields that exclude each other. */
export function checkServoSetup(
  given: {
    readonly intrinsics?: unknown;
    readonly cameraInfo?: unknown;
    readonly fieldOfView?: unknown;
    readonly goalDistance?: unknown;
    readonly depthHint?: unknown;
  },
  context: z.RefinementCtx,
): void {
  const cameras = (['intrinsics', 'cameraInfo', 'fieldOfView'] as const).filter(
    (name) => given[name] !== undefined,
  );
  if (cameras.length > 1) {
    const message = `contradicts ${cameras[0]}: give one description of the camera`;
    context.addIssue({ code: 'custom', path: [cameras[1]], message });
  }
  if (given.depthHint !== undefined && given.goalDistance !== undefined) {
    const message = 'says nothing new where goalDistance is given';
    context.addIssue({ code: 'custom', path: ['depthHint'], message });
  }
}
