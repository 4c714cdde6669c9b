import { z } from 'zod';

/** Parameters of a `servo` job: what its session computed with. They are written by the server, never by a client. */
export const servoParamsSchema = z.looseObject({
  detector: z.string(),
  policy: z.enum(['cns', 'ibvs', 'pbvs']),
  goalDistance: z.number().positive().nullable(),
  depthHint: z.number().positive().nullable(),
  workingSize: z.number().int().min(16),
  device: z.enum(['auto', 'cpu', 'cuda', 'webgpu']),
});

/** See {@link servoParamsSchema}. */
export type ServoParams = z.infer<typeof servoParamsSchema>;
