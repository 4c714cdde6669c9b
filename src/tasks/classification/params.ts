import { z } from 'zod';

/** Parameters of a `classification` job, as a client may send them. */
export const classificationParamsSchema = z.strictObject({
  modelId: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be 1 to 64 of a-z, 0-9, ".", "_" and "-"')
    .describe('The network, as `GET /api/models` lists it.'),
  version: z.string().min(1).max(64).optional().describe('The highest one when left out.'),
  topK: z.number().int().min(1).max(1000).default(5).describe('Classes shown of each image.'),
  threshold: z.number().min(0).max(1).default(0).describe('Least probability shown.'),
  allClasses: z.boolean().default(false).describe('Every class instead of `topK`.'),
  device: z.enum(['auto', 'cpu', 'cuda', 'webgpu']).default('cpu'),
  strict: z.boolean().default(false).describe('Fail instead of running on another device.'),
});

/** Validated parameters with defaults. */
export type ClassificationParams = z.infer<typeof classificationParamsSchema>;
