import { z } from 'zod';

/** Parameters of a `classification` job, as a client may send them. */
export const classificationParamsSchema = z.strictObject({
  modelId: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be 1 to 64 of a-z, 0-9, ".", "_" and "-"')
    .describe('Id of the network, as listed by `GET /api/models`.'),
  version: z.string().min(1).max(64).optional().describe('Default: the highest installed version.'),
  topK: z.number().int().min(1).max(1000).default(5).describe('Number of classes listed per image.'),
  threshold: z.number().min(0).max(1).default(0).describe('Lowest probability listed.'),
  allClasses: z.boolean().default(false).describe('List every class instead of the best `topK`.'),
  device: z.enum(['auto', 'cpu', 'cuda', 'webgpu']).default('cpu'),
  strict: z.boolean().default(false).describe('Fail instead of falling back to another device.'),
});

/** Validated parameters with defaults. */
export type ClassificationParams = z.infer<typeof classificationParamsSchema>;
