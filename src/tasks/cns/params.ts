import { z } from 'zod';
import { AppError } from '../../errors/app-error.js';
import type { DeviceRequest } from '../../domain/job.js';
import { INTRINSICS_FORMS, intrinsicsSchema } from './intrinsics.js';

/** Detectors of every installation; keypoint networks in the models folder add further ones. */
export const SHIPPED_DETECTORS = ['SIFT', 'AKAZE', 'ORB'] as const;

const frameIndex = z.number().int().min(0).max(2_147_483_647);

const shape = {
  startFrame: frameIndex.default(0).describe('First processed frame of the current video, from 0.'),
  endFrame: frameIndex
    .min(1)
    .optional()
    .describe('End of the processed frames, exclusive. Default: the end of the video.'),
  goalFrameId: frameIndex
    .optional()
    .describe('Frame of the goal video that shows the goal. Default: its last frame.'),
  frameStep: frameIndex.min(1).default(1).describe('Process every n-th frame.'),
  detector: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/, 'is not the name of a detector')
    .default('SIFT')
    .describe(
      `Keypoint detector: ${SHIPPED_DETECTORS.join(', ')}, or the name of an installed keypoint network.`,
    ),
  useGpus: z.boolean().optional().describe('Prefer CUDA, then WebGPU, then the CPU.'),
  device: z
    .enum(['auto', 'cpu', 'cuda', 'webgpu'])
    .optional()
    .describe('Device of the network; overrides useGpus.'),
  strict: z.boolean().default(false).describe('Fail instead of falling back to another device.'),
  intrinsics: intrinsicsSchema.optional().meta({
    type: ['object', 'array'],
    anyOf: INTRINSICS_FORMS,
    description:
      'Undistorted pinhole camera in pixels of the displayed video: `{fx, fy, cx, cy}`, a 3x3 matrix, or a ROS `camera_info`. ' +
      'Default: fx = fy = 0.84 times the longer side, centre in the middle.',
    example: { fx: 537.6, fy: 537.6, cx: 320, cy: 240 },
  }),
  goalDistance: z
    .number()
    .positive()
    .max(1000)
    .optional()
    .describe(
      'Metres from the goal camera to the scene. Default: 1, with translation in goal distances per second.',
    ),
  gain: z
    .number()
    .positive()
    .max(10)
    .default(1)
    .describe('Share of the remaining motion commanded per second.'),
  policy: z
    .enum(['cns', 'ibvs', 'pbvs'])
    .default('cns')
    .describe(
      'The CNS network, classical image-based servoing, or position-based servoing from the pose between the two views.',
    ),
  memory: z
    .enum(['sequence', 'frame'])
    .optional()
    .describe(
      'Whether the network carries its memory from frame to frame. Default: the setting in its manifest.',
    ),
  onWeak: z
    .enum(['use', 'null'])
    .default('use')
    .describe(
      'Velocity of frames whose matches are only likely, verified by no rigid motion: `use` gives it, `null` leaves it out.',
    ),
  preview: z
    .boolean()
    .default(true)
    .describe('Whether the ZIP contains preview.mp4, a short video of images, matches and velocities.'),
  workingSize: z
    .number()
    .int()
    .min(160)
    .max(1920)
    .default(640)
    .describe('Long side of the analysed frames, in pixels.'),
} as const;

/** Parameters of a `cns` job as accepted from clients. */
export const cnsParamsSchema = z.strictObject(shape).superRefine((params, context) => {
  const { startFrame, endFrame, frameStep } = params;
  if (endFrame !== undefined && startFrame >= endFrame) {
    context.addIssue({
      code: 'custom',
      path: ['startFrame'],
      message: `${startFrame} is not below endFrame ${endFrame}`,
    });
  } else if (endFrame !== undefined && frameStep > endFrame - startFrame) {
    const span = endFrame - startFrame;
    context.addIssue({
      code: 'custom',
      path: ['frameStep'],
      message: `${frameStep} is larger than the range of ${span} frames`,
    });
  }
  if (params.useGpus === true && params.device === 'cpu') {
    context.addIssue({ code: 'custom', path: ['device'], message: 'cpu contradicts useGpus true' });
  }
});

/** Validated parameters with defaults. */
export type CnsParams = z.infer<typeof cnsParamsSchema>;

/** The requested device; the CPU when neither `device` nor `useGpus` is given. */
export function requestedDevice(params: Pick<CnsParams, 'device' | 'useGpus'>): DeviceRequest {
  return params.device ?? (params.useGpus ? 'auto' : 'cpu');
}

/**
 * Checks that a detector is available; case-insensitive.
 * @param available detectors of this installation
 * @throws AppError DETECTOR_NOT_AVAILABLE
 */
export function requireDetector(name: string, available: readonly string[]): void {
  if (available.some((other) => other.toUpperCase() === name.toUpperCase())) return;
  throw new AppError('DETECTOR_NOT_AVAILABLE', {
    message: `parameters.detector: ${name} is not available here; available are ${available.join(', ')}.`,
    issues: [
      {
        pointer: '/parameters/detector',
        message: `${name} is not available`,
        code: 'DETECTOR_NOT_AVAILABLE',
      },
    ],
  });
}
