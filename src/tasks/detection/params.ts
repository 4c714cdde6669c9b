import { z } from 'zod';
import { MAX_DETECTIONS } from '../../domain/detection.js';

/** Labels that a request may ask for at most. */
const MAX_LABELS = 1000;

/** One object, as jobs and requests answer it. */
export const detectedObject = z
  .object({
    label: z.string(),
    labelIndex: z.number().int(),
    score: z.number().min(0).max(1),
    box: z
      .object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() })
      .meta({ description: 'Pixels of the image from its top left corner' }),
  })
  .meta({ id: 'Detection' });

/** Parameters of a `detection` job, as a client may send them. */
export const detectionParamsSchema = z.strictObject({
  modelId: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be 1 to 64 of a-z, 0-9, ".", "_" and "-"')
    .describe('The detector, as `GET /api/models` lists it.'),
  version: z.string().min(1).max(64).optional().describe('The highest one when left out.'),
  threshold: z.number().min(0).max(1).optional().describe('Least score; the detector’s own when left out.'),
  maxDetections: z
    .number()
    .int()
    .min(1)
    .max(MAX_DETECTIONS)
    .optional()
    .describe('Most objects of one image or frame; the detector’s own number when left out.'),
  labels: z
    .array(z.string().min(1).max(200))
    .min(1)
    .max(MAX_LABELS)
    .optional()
    .describe('Only objects with these labels; all when left out.'),
  frameStep: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(1)
    .describe('Of videos: every how many frames one is processed, from the first one on.'),
  annotate: z
    .boolean()
    .default(true)
    .describe('Whether the ZIP gets images, or a video, with the boxes drawn on them.'),
  device: z.enum(['auto', 'cpu', 'cuda', 'webgpu']).default('cpu'),
  strict: z.boolean().default(false).describe('Fail instead of running on another device.'),
});

/** Validated parameters with defaults. */
export type DetectionParams = z.infer<typeof detectionParamsSchema>;
