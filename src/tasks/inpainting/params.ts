import { z } from 'zod';
import type { DeviceRequest } from '../../domain/job.js';
import { detectionParamsSchema } from '../detection/params.js';
import { FILL_QUALITIES } from './filler.js';

/** Composite modes of sharp; applied only inside the hole. */
export const COMPOSITE_MODES = [
  'over',
  'multiply',
  'screen',
  'overlay',
  'darken',
  'lighten',
  'color-dodge',
  'color-burn',
  'hard-light',
  'soft-light',
  'difference',
  'exclusion',
] as const;

/** How the fill is blended into the original. */
const BLEND_MODES = ['replace', 'feather', 'poisson', ...COMPOSITE_MODES] as const;
/** See {@link BLEND_MODES}. */
export type BlendMode = (typeof BLEND_MODES)[number];

/** Formats of result images. */
export const IMAGE_FORMATS = ['png', 'jpg', 'jpeg', 'webp'] as const;
/** Formats of result videos. */
export const VIDEO_FORMATS = ['mp4', 'avi'] as const;

/** Which part of an image is filled at once. */
const STRATEGIES = ['auto', 'original', 'crop', 'resize', 'tile'] as const;

/** Largest `grow` and `feather` in pixels. */
const MAX_RING = 64;

/** Built-in fills selectable by `modelId`; any other name must be an installed network. */
export const FILL_MODELS = [
  'default_inpainting',
  'unet',
  'patch',
  'telea',
  'navier_stokes',
  'pushpull',
] as const;

/** Whether `modelId` names a built-in fill; true when it is absent. */
export const isFillModel = (modelId: string | undefined): boolean =>
  modelId === undefined || FILL_MODELS.some((name) => name === modelId);

/** Id of a built-in fill or of an installed network. */
export const modelIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/, 'must be the name of a model')
  .default('default_inpainting')
  .describe(
    'default_inpainting selects the method by the width of the hole; or unet, patch, telea, navier_stokes, pushpull, or the id of an installed network.',
  );

/** Largest `mask.grow` in pixels. */
const MAX_BOX_GROWTH = 256;

/** Masks from the boxes of a detector. */
const detectedMaskSchema = detectionParamsSchema
  .pick({ version: true, labels: true, threshold: true, maxDetections: true })
  .extend({
    detector: detectionParamsSchema.shape.modelId,
    grow: z
      .number()
      .int()
      .min(0)
      .max(MAX_BOX_GROWTH)
      .default(4)
      .describe('Pixels added to every side of a box.'),
  });
/** See {@link detectedMaskSchema}. */
export type DetectedMaskParams = z.infer<typeof detectedMaskSchema>;

const ring = z.number().int().min(0).max(MAX_RING);

const shape = {
  modelId: modelIdSchema,
  mask: detectedMaskSchema
    .optional()
    .describe(
      'Fill the objects that a detector finds. The dataset then needs no masks, and uploaded masks are ignored. Default: fill the uploaded masks.',
    ),
  quality: z.enum(FILL_QUALITIES).default('balanced').describe('How much time a fill may take.'),
  blendMode: z
    .enum(BLEND_MODES)
    .default('feather')
    .describe('How the fill is blended into the original; composite modes apply only inside the hole.'),
  customParameter: z.string().max(1000).optional().describe('Returned in the result; has no effect.'),
  outputFormat: z
    .enum([...IMAGE_FORMATS, ...VIDEO_FORMATS])
    .optional()
    .describe('png, jpg, jpeg or webp for images, mp4 or avi for videos. Default: png and mp4.'),
  grow: ring
    .optional()
    .describe(
      'Pixels by which the mask is grown, to cover compression halos. Default: 3, or 1 where the mask is at most 6 pixels wide.',
    ),
  feather: ring.default(3).describe('Width in pixels of the blending seam inside the grown mask.'),
  strategy: z
    .enum(STRATEGIES)
    .default('auto')
    .describe('Fill the whole image, crops around the holes, a reduced copy, or tiles.'),
  variants: z
    .union([z.literal(1), z.literal(2)])
    .default(1)
    .describe('2 returns the alternative fill of images as well.'),
  temporal: z
    .boolean()
    .default(true)
    .describe(
      'For videos: take hole pixels from other frames where they are visible; false fills every frame separately.',
    ),
  seed: z
    .number()
    .int()
    .min(0)
    .max(2_147_483_647)
    .default(0)
    .describe('The same seed gives the same result.'),
  useGpus: z.boolean().optional().describe('Prefer CUDA, then WebGPU, then the CPU.'),
  device: z.enum(['auto', 'cpu', 'cuda', 'webgpu']).optional().describe('Device; overrides useGpus.'),
  strict: z.boolean().default(false).describe('Fail instead of falling back to another device.'),
} as const;

/** Parameters of an `inpainting` job as accepted from clients. */
export const inpaintingParamsSchema = z.strictObject(shape);

/** Validated parameters with defaults. */
export type InpaintingParams = z.infer<typeof inpaintingParamsSchema>;

/** The requested device; the CPU when neither `device` nor `useGpus` is given. */
export function requestedDevice(params: Pick<InpaintingParams, 'device' | 'useGpus'>): DeviceRequest {
  return params.device ?? (params.useGpus ? 'auto' : 'cpu');
}
