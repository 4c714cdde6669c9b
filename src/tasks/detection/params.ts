import { z } from 'zod';
import { MAX_DETECTIONS } from '../../domain/detection.js';

/** Maximum labels per request. */
const MAX_LABELS = 1000;

/** One detected object in the results of jobs and requests. */
export const detectedObject = z
  .object({
    label: z.string(),
    labelIndex: z.number().int(),
    score: z.number().min(0).max(1),
    box: z
      .object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() })
      .meta({ description: 'In pixels, relative to the top left corner of the image' }),
  })
  .meta({ id: 'Detection' });

/** Parameters of a `detection` job as accepted from clients. */
export const detectionParamsSchema = z.strictObject({
  modelId: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be 1 to 64 of a-z, 0-9, ".", "_" and "-"')
    .describe('Id of the detector, as listed by `GET /api/models`.'),
  version: z.string().min(1).max(64).optional().describe('Default: the highest installed version.'),
  threshold: z.number().min(0).max(1).optional().describe('Lowest score. Default: the detector’s own.'),
  maxDetections: z
    .number()
    .int()
    .min(1)
    .max(MAX_DETECTIONS)
    .optional()
    .describe('Maximum objects per image or frame. Default: the detector’s own.'),
  labels: z
    .array(z.string().min(1).max(200))
    .min(1)
    .max(MAX_LABELS)
    .optional()
    .describe('Only objects with these labels. Default: all.'),
  frameStep: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(1)
    .describe('For videos: process every n-th frame, starting with the first.'),
  annotate: z
    .boolean()
    .default(true)
    .describe('Whether the ZIP contains images, or a video, with the boxes drawn in.'),
  device: z.enum(['auto', 'cpu', 'cuda', 'webgpu']).default('cpu'),
  strict: z.boolean().default(false).describe('Fail instead of falling back to another device.'),
});

/** Validated parameters with defaults. */
export type DetectionParams = z.infer<typeof detectionParamsSchema>;
