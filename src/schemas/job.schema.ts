import { z } from 'zod';
import { JOB_STATUSES } from '../domain/job.js';
import { TASK_NAMES } from '../tasks/index.js';
import { credits, id, idParams, pageQuery, repeated, timestamp } from './common.schema.js';
import { MAX_WAIT_SECONDS } from '../domain/limits.js';
import { operation } from './operation.js';

/** Job status; these words are used everywhere. */
export const jobStatus = z.enum(JOB_STATUSES).meta({ id: 'JobStatus' });
/** Task of a job. */
export const taskName = z.enum(TASK_NAMES);
const deviceUsed = z.enum(['cpu', 'cuda', 'webgpu']);

const MAX_RESULT_SECONDS = 10 * 365 * 86_400;
/** Seconds for which a result is kept. */
export const resultLifetime = z.number().int().min(60).max(MAX_RESULT_SECONDS).meta({
  description:
    'Seconds after their end for which the results of these jobs are kept, 60 to ten years; without it as long as the server keeps results',
  example: 604_800,
});

/** Progress of a job. */
export const jobProgress = z
  .object({
    done: z.number(),
    total: z.number(),
    percent: z.number().min(0).max(100),
    stage: z.string(),
  })
  .meta({ id: 'JobProgress' });

/** Reason of a failed job. */
export const jobFailure = z.object({ code: z.string(), message: z.string() }).meta({ id: 'JobFailure' });

/** A job as the API returns it. */
export const job = z
  .object({
    id,
    batchId: id,
    datasetId: id.nullable().meta({ description: 'Null for a recorded session of live servoing' }),
    task: taskName,
    status: jobStatus,
    priority: z.number().int().meta({ description: "Rank among the user's waiting jobs, -10 to 10" }),
    parameters: z.record(z.string(), z.unknown()),
    progress: jobProgress.nullable(),
    queuePosition: z
      .number()
      .int()
      .nullable()
      .meta({ description: 'Waiting jobs, of all users, that start before this one' }),
    device: z.object({
      requested: z.enum(['auto', 'cpu', 'cuda', 'webgpu']),
      used: deviceUsed.nullable(),
      reason: z.string().nullable(),
      attempts: z.array(z.object({ device: deviceUsed, ok: z.boolean(), reason: z.string() })),
    }),
    model: z.object({ id: z.string(), version: z.string(), sha256: z.string() }).nullable(),
    timings: z.record(z.string(), z.number()).nullable().meta({ description: 'Milliseconds per stage' }),
    energy: z
      .object({
        joules: z.number(),
        carbonGrams: z.number(),
        method: z.enum(['rapl', 'nvidia-smi', 'estimate']),
        figures: z.record(z.string(), z.number()),
      })
      .nullable(),
    cost: z.object({
      quoted: credits.meta({ description: 'Credits that were held when the job was created' }),
      held: credits.meta({ description: 'Credits that are currently held; 0 after the job has ended' }),
      captured: credits,
      pricePreset: z.string(),
      priceVersion: z.number().int(),
    }),
    attempt: z.number().int().meta({ description: 'Number of attempts so far' }),
    attempts: z
      .array(
        z.object({
          number: z.number().int(),
          startedAt: timestamp.nullable(),
          finishedAt: timestamp.nullable(),
          error: jobFailure.nullable(),
        }),
      )
      .meta({ description: 'The last attempt; earlier ones are in the events' }),
    error: jobFailure.nullable(),
    retryOf: id.nullable(),
    resultExpiresAt: timestamp.nullable().meta({
      description: 'When the result is removed, if the request has limited its time with `expiresIn`',
    }),
    resultGoneAt: timestamp
      .nullable()
      .meta({ description: 'When the result was deleted, or its time had passed' }),
    results: z.object({ json: z.string(), zip: z.string() }).nullable().meta({
      description:
        'Paths of the results of a COMPLETED job; `zip` is signed and works without a token for 15 minutes',
    }),
    seq: z.number().int().meta({ description: 'Number of the last event' }),
    createdAt: timestamp,
    startedAt: timestamp.nullable(),
    finishedAt: timestamp.nullable(),
  })
  .meta({ id: 'Job' });

const listQuery = z.strictObject({
  ...pageQuery,
  status: repeated(jobStatus).optional(),
  task: taskName.optional(),
  datasetId: id.optional(),
  batchId: id.optional(),
  createdAfter: timestamp.optional(),
  createdBefore: timestamp.optional(),
});

/** The files of a job, pinned when it was created. */
export const jobInputs = z
  .array(
    z.object({
      role: z.string(),
      mediaId: id,
      name: z.string(),
      sha256: z.string(),
      deleted: z.boolean().meta({ description: 'The file, or its dataset, was deleted since' }),
    }),
  )
  .nullable()
  .meta({ description: 'The files that the job runs on; null for jobs of earlier versions' });

const estimatedJob = job
  .extend({
    inputs: jobInputs,
    estimate: z.object({ startsAt: timestamp.nullable(), endsAt: timestamp.nullable() }).nullable().meta({
      description:
        'Expected times, from recent jobs of the same task, network, device and price; null while unknown, and for a job that has ended',
    }),
  })
  .meta({ id: 'EstimatedJob' });

const waitQuery = z.strictObject({
  wait: z.coerce
    .number()
    .int()
    .min(0)
    .max(MAX_WAIT_SECONDS)
    .optional()
    .meta({
      description: `Seconds to wait until the job has ended, at most ${MAX_WAIT_SECONDS}; \`Prefer: wait=n\` does the same`,
      example: 30,
    }),
});

const jobPage = z
  .object({ data: z.array(job), nextCursor: z.string().nullable(), hasMore: z.boolean() })
  .meta({ id: 'JobPage' });

const oneJob = (status: number, description: string) => ({ status, description, schema: job });

/** Jobs: list, show, cancel, retry, follow. */
export const jobOperations = {
  list: operation({
    method: 'get',
    path: '/api/jobs',
    operationId: 'listJobs',
    summary: "The caller's jobs, newest first",
    description: 'Cursor paging; the `Link` header contains the URL of the next page.',
    tag: 'Jobs',
    access: 'user',
    scope: 'jobs:read',
    query: listQuery,
    responses: [{ status: 200, description: 'One page of jobs', schema: jobPage }],
  }),
  get: operation({
    method: 'get',
    path: '/api/jobs/:id',
    operationId: 'getJob',
    summary: 'One job',
    tag: 'Jobs',
    access: 'user',
    scope: 'jobs:read',
    params: idParams,
    query: waitQuery,
    responses: [
      {
        status: 200,
        description: 'The job',
        schema: estimatedJob,
        headers: { 'Preference-Applied': '`wait=n` when the request waited because of its `Prefer` header' },
      },
    ],
    errors: [404],
  }),
  cancel: operation({
    method: 'post',
    path: '/api/jobs/:id/cancel',
    operationId: 'cancelJob',
    summary: 'Cancel a job and release its hold',
    description: 'Idempotent for an ABORTED job; 409 for a job that ended otherwise.',
    tag: 'Jobs',
    access: 'user',
    scope: 'jobs:write',
    params: idParams,
    responses: [oneJob(202, 'The job is ABORTED; its computation is being stopped')],
    errors: [404, 409],
  }),
  retry: operation({
    method: 'post',
    path: '/api/jobs/:id/retry',
    operationId: 'retryJob',
    summary: 'Retry a FAILED or ABORTED job as a new job',
    description:
      'With `Prefer: wait=n` (at most 60) the response comes when it has ended, or after n seconds.',
    tag: 'Jobs',
    access: 'user',
    scope: 'jobs:write',
    params: idParams,
    idempotent: true,
    responses: [oneJob(201, 'The new job')],
    errors: [404, 409, 422],
  }),
  events: operation({
    method: 'get',
    path: '/api/jobs/:id/events',
    operationId: 'followJob',
    summary: 'Follow a job as server-sent events',
    description:
      'First a `snapshot` event with the job, then `status` and `progress` events whose `id` is their number. ' +
      'A reconnect with `Last-Event-ID` continues after that number. The stream ends with the job. An account may have 50 open streams.',
    tag: 'Jobs',
    access: 'user',
    scope: 'jobs:read',
    params: idParams,
    responses: [
      { status: 200, description: 'The event stream', contentType: 'text/event-stream' },
      { status: 204, description: 'The job has ended and `Last-Event-ID` is its last event' },
    ],
    errors: [404],
  }),
};
