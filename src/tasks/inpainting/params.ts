import { z } from 'zod';
import type { DeviceRequest } from '../../domain/job.js';
import { detectionParamsSchema } from '../detection/params.js';
import { FILL_QUALITIES } from './filler.js';

/** Ways in which sharp lays one image over another; inside the hole only. */
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

/** How the fill meets the original. */
const BLEND_MODES = ['replace', 'feather', 'poisson', ...COMPOSITE_MODES] as const;
/** See {@link BLEND_MODES}. */
export type BlendMode = (typeof BLEND_MODES)[number];

/** Formats of result images. */
export const IMAGE_FORMATS = ['png', 'jpg', 'jpeg', 'webp'] as const;
/** Formats of result videos. */
export const VIDEO_FORMATS = ['mp4', 'avi'] as const;

/** How much of an image is given to the fill at once. */
const STRATEGIES = ['auto', 'original', 'crop', 'resize', 'tile'] as const;

/** Largest `grow` and `feather` in pixels. */
const MAX_RING = 64;

/** Fills that a client can choose by `modelId`; any other name must be a network with a manifest. */
export const FILL_MODELS = [
  'default_inpainting',
  'unet',
  'patch',
  'telea',
  'navier_stokes',
  'pushpull',
] as const;

/** Whether `modelId` is one of {@link FILL_MODELS}, the default among them. */
export const isFillModel = (modelId: string | undefined): boolean =>
  modelId === undefined || FILL_MODELS.some((name) => name === modelId);

/** Id of a fill or of a network in the models folder. */
export const modelIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/, 'must be the name of a model')
  .default('default_inpainting')
  .describe(
    'default_inpainting chooses by the width of the hole; unet, patch, telea, navier_stokes, pushpull, or a network of the server.',
  );

/** Largest `mask.grow` in pixels. */
const MAX_BOX_GROWTH = 256;

/** Masks that a detector makes: the boxes of what it finds. */
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
      .describe('Pixels by which boxes are larger on each side.'),
  });
/** See {@link detectedMaskSchema}. */
export type DetectedMaskParams = z.infer<typeof detectedMaskSchema>;

const ring = z.number().int().min(0).max(MAX_RING);

const shape = {
  modelId: modelIdSchema,
  mask: detectedMaskSchema
    .optional()
    .describe(
      'Fills what a detector finds: the dataset needs no masks, and those that it has are not used. Left out, the uploaded masks are filled.',
    ),
  quality: z.enum(FILL_QUALITIES).default('balanced').describe('How much time a fill may take.'),
  blendMode: z
    .enum(BLEND_MODES)
    .default('feather')
    .describe('How the fill meets the original; the names of composite modes work inside the hole only.'),
  customParameter: z.string().max(1000).optional().describe('Echoed in the result, without effect.'),
  outputFormat: z
    .enum([...IMAGE_FORMATS, ...VIDEO_FORMATS])
    .optional()
    .describe('png, jpg, jpeg or webp for images, mp4 or avi for videos; png and mp4 when left out.'),
  grow: ring
    .optional()
    .describe(
      'Pixels by which the mask is grown, for halos of compression; when left out 3, and 1 where the mask is at most 6 pixels wide.',
    ),
  feather: ring.default(3).describe('Width in pixels of the seam inside the grown mask.'),
  strategy: z
    .enum(STRATEGIES)
    .default('auto')
    .describe('Fill the whole image, crops around the holes, a smaller copy, or tiles.'),
  variants: z
    .union([z.literal(1), z.literal(2)])
    .default(1)
    .describe('2 delivers the other fill of images too.'),
  temporal: z
    .boolean()
    .default(true)
    .describe('Take hole pixels of videos from other frames first; false fills every frame by itself.'),
  seed: z.number().int().min(0).max(2_147_483_647).default(0).describe('Same seed, same result.'),
  useGpus: z.boolean().optional().describe('Asks for CUDA, then WebGPU, then the CPU.'),
  device: z.enum(['auto', 'cpu', 'cuda', 'webgpu']).optional().describe('Device; wins over useGpus.'),
  strict: z.boolean().default(false).describe('Fail instead of falling back to another device.'),
} as const;

/** Parameters of an `inpainting` job, as a client may send them. */
export const inpaintingParamsSchema = z.strictObject(shape);

/** Validated parameters with defaults. */
export type InpaintingParams = z.infer<typeof inpaintingParamsSchema>;

/** The device that the parameters ask for; without `device` and `useGpus` the CPU. */
export function requestedDevice(params: Pick<InpaintingParams, 'device' | 'useGpus'>): DeviceRequest {
  return params.device ?? (params.useGpus ? 'auto' : 'cpu');
}
