import { z } from 'zod';
import { id, timestamp } from './common.schema.js';
import { job, jobFailure, jobStatus, taskName } from './job.schema.js';
import { operation } from './operation.js';
import { json } from './request-body.js';

const MAX_JOBS = 100;

const filter = z
  .strictObject({
    ids: z.array(id).min(1).max(MAX_JOBS).optional(),
    status: z.array(jobStatus).min(1).optional(),
    task: taskName.optional(),
    datasetId: id.optional(),
    batchId: id.optional(),
    createdAfter: timestamp.optional(),
    createdBefore: timestamp.optional(),
    all: z.literal(true).optional().meta({ description: 'Needed where there is no other condition' }),
    limit: z
      .number()
      .int()
      .min(1)
      .max(MAX_JOBS)
      .default(MAX_JOBS)
      .meta({ description: `Maximum number of jobs, the newest: 1 to ${MAX_JOBS}` }),
  })
  .superRefine(({ limit: _limit, ...conditions }, context) => {
    if (Object.values(conditions).some((value) => value !== undefined)) return;
    context.addIssue({ code: 'custom', message: 'needs a condition, or "all": true for all of your jobs' });
  })
  .meta({ id: 'JobSelection' });

const outcome = z
  .object({
    results: z.array(
      z.object({
        id: id.meta({ description: 'The selected job' }),
        job: z
          .union([job, z.null()])
          .meta({ description: 'The cancelled job, or the new one of a retry; null when it failed' }),
        error: z.union([jobFailure, z.null()]),
      }),
    ),
    succeeded: z.number().int(),
    failed: z.number().int(),
    hasMore: z.boolean().meta({ description: 'Whether more jobs match: send the request again' }),
  })
  .meta({ id: 'JobBulkOutcome' });

const common = { tag: 'Jobs', access: 'user', scope: 'jobs:write' } as const;
const responses = [{ status: 200, description: 'What became of each job', schema: outcome }];

/** Changes of many jobs at once. */
export const bulkJobOperations = {
  cancel: operation({
    method: 'post',
    path: '/api/jobs/cancel',
    operationId: 'cancelJobs',
    summary: "Cancel the caller's jobs that match a filter",
    description:
      'PENDING and RUNNING ones unless `status` or `ids` are given. One failure does not stop the others.',
    ...common,
    body: json(filter),
    responses,
  }),
  retry: operation({
    method: 'post',
    path: '/api/jobs/retry',
    operationId: 'retryJobs',
    summary: "Retry the caller's jobs that match a filter, each as a new job",
    description:
      'FAILED and ABORTED ones unless `status` or `ids` are given. Jobs that no longer fit a limit or the balance are reported; the others are created.',
    ...common,
    body: json(filter),
    responses,
  }),
};
