import { z } from 'zod';

/** The table of all queue jobs: name, queue, payload. Rows hold the truth; payloads hold ids only. */
export const queueJobs = {
  'inference.run': { queue: 'inference', payload: z.object({ jobId: z.uuid() }) },
} as const;

/** Name of a queue job. */
export type QueueJobName = keyof typeof queueJobs;
/** Payload of a queue job, parsed again on arrival: it came over a wire and may be older than the code. */
export type PayloadOf<Name extends QueueJobName> = z.infer<(typeof queueJobs)[Name]['payload']>;
