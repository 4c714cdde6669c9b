import { z } from 'zod';
import { AppError } from '../../errors/app-error.js';
import type { DeviceRequest } from '../../domain/job.js';
import { INTRINSICS_FORMS, intrinsicsSchema } from './intrinsics.js';

/** Detectors that every installation has; key point networks in the models folder add theirs by their manifests. */
export const SHIPPED_DETECTORS = ['SIFT', 'AKAZE', 'ORB'] as const;

const frameIndex = z.number().int().min(0).max(2_147_483_647);

const shape = {
  startFrame: frameIndex.default(0).describe('First processed frame of the current video, from 0.'),
  endFrame: frameIndex
    .min(1)
    .optional()
    .describe('End of the processed frames, exclusive; the end of the video when left out.'),
  goalFrameId: frameIndex
    .optional()
    .describe('Frame of the goal video that shows the goal; its last frame when left out.'),
  frameStep: frameIndex.min(1).default(1).describe('Every how many frames one is processed.'),
  detector: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/, 'is not the name of a detector')
    .default('SIFT')
    .describe(
      `Keypoint detector: ${SHIPPED_DETECTORS.join(', ')}, or the name of an installed keypoint network.`,
    ),
  useGpus: z.boolean().optional().describe('Asks for CUDA, then WebGPU, then the CPU.'),
  device: z
    .enum(['auto', 'cpu', 'cuda', 'webgpu'])
    .optional()
    .describe('Device of the network; wins over useGpus.'),
  strict: z.boolean().default(false).describe('Fail instead of falling back to another device.'),
  intrinsics: intrinsicsSchema.optional().meta({
    type: ['object', 'array'],
    anyOf: INTRINSICS_FORMS,
    description:
      'Undistorted pinhole camera in pixels of the video as it is shown: `{fx, fy, cx, cy}`, a 3x3 matrix, or a `camera_info` of ROS; ' +
      'fx = fy = 0.84 times the longer side, centre in the middle when left out.',
    example: { fx: 537.6, fy: 537.6, cx: 320, cy: 240 },
  }),
  goalDistance: z
    .number()
    .positive()
    .max(1000)
    .optional()
    .describe(
      'Metres from the goal camera to the scene; 1 when left out, translation is then in goal distances a second.',
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
      'Whether the network remembers earlier frames; the shipped default of the network when left out.',
    ),
  preview: z
    .boolean()
    .default(true)
    .describe('Whether the ZIP gets preview.mp4, a short video of images, matches and velocities.'),
  workingSize: z
    .number()
    .int()
    .min(160)
    .max(1920)
    .default(640)
    .describe('Long side of the frames that are analysed, in pixels.'),
} as const;

/** Parameters of a `cns` job, as a client may send them. */
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

/** The device that the parameters ask for; without `device` and `useGpus` the CPU. */
export function requestedDevice(params: Pick<CnsParams, 'device' | 'useGpus'>): DeviceRequest {
  return params.device ?? (params.useGpus ? 'auto' : 'cpu');
}

/**
 * @param available names that this installation can run
 * @throws AppError DETECTOR_NOT_AVAILABLE for another one; upper and lower case make no difference
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
