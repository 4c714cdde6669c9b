import { z } from 'zod';
import { JOB_STATUSES } from '../domain/job.js';
import { WEBHOOK_EVENTS, WEBHOOK_PING, type WebhookEventType } from '../domain/webhook.js';
import { credits, id, timestamp } from './common.schema.js';
import { jobFailure, jobProgress, taskName } from './job.schema.js';

const link = (description: string) => z.string().nullable().meta({ description });

const jobData = z
  .object({
    jobId: id,
    batchId: id,
    datasetId: id.nullable().meta({ description: 'Null for jobs without a dataset' }),
    task: taskName,
    status: z.enum(JOB_STATUSES),
    attempt: z.number().int(),
    progress: jobProgress.nullable(),
    cost: z.object({ quoted: credits, held: credits, captured: credits }),
    error: jobFailure.nullable(),
    createdAt: timestamp,
    startedAt: timestamp.nullable(),
    finishedAt: timestamp.nullable(),
    links: z.object({
      job: z.string(),
      json: link('JSON result of a COMPLETED job'),
      zip: link('ZIP result of a COMPLETED job'),
    }),
  })
  .meta({ id: 'WebhookJob', description: 'The job at the time of the event; links need authentication' });

const EXAMPLE = {
  type: 'job.completed',
  timestamp: '2026-11-30T10:15:30.123Z',
  data: {
    jobId: '0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c',
    batchId: '0190b5a0-7c1e-7000-8000-3f0e5d6a1b2d',
    datasetId: '0190b5a0-7c1e-7000-8000-3f0e5d6a1b2e',
    task: 'cns',
    status: 'COMPLETED',
    attempt: 1,
    progress: { done: 120, total: 120, percent: 100, stage: 'report' },
    cost: { quoted: 0.24, held: 0, captured: 0.24 },
    error: null,
    createdAt: '2026-11-30T10:15:02.004Z',
    startedAt: '2026-11-30T10:15:02.410Z',
    finishedAt: '2026-11-30T10:15:30.120Z',
    links: {
      job: 'https://infernode.example/api/jobs/0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c',
      json: 'https://infernode.example/api/inference/result/json/0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c',
      zip: 'https://infernode.example/api/inference/result/zip/0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c',
    },
  },
};

/** Body of a message about a job. */
export const webhookMessage = z
  .object({ type: z.enum(WEBHOOK_EVENTS), timestamp, data: jobData })
  .meta({ id: 'WebhookMessage', example: EXAMPLE });

/** Body of the test message. */
const webhookPingMessage = z
  .object({ type: z.literal(WEBHOOK_PING), timestamp, data: z.object({ webhookId: id }) })
  .meta({ id: 'WebhookPingMessage' });

const SUMMARIES: Readonly<Record<WebhookEventType, string>> = {
  'job.started': 'An attempt of a job has started',
  'job.progress': 'Progress of a running job, at most every 500 ms and not retried for long',
  'job.completed': 'A job is COMPLETED',
  'job.failed': 'A job is FAILED and its hold is released',
  'job.aborted': 'A job is ABORTED and its hold is released',
};

/** Messages that the server sends, for the section `webhooks` of the OpenAPI document. */
export const WEBHOOK_MESSAGES = [
  ...WEBHOOK_EVENTS.map((type) => ({ type, summary: SUMMARIES[type], schema: webhookMessage })),
  { type: WEBHOOK_PING, summary: 'A test message', schema: webhookPingMessage },
];

const header = (name: string, description: string, example: string) => ({
  name,
  in: 'header' as const,
  required: true,
  description,
  schema: { type: 'string' as const, example },
});

/** Headers of every message, by the specification Standard Webhooks. */
export const WEBHOOK_HEADERS = [
  header(
    'webhook-id',
    'Id of the message, the same in all attempts: ignore one that you have handled',
    '0190b5a0-7c1e-7000-8000-3f0e5d6a1b2f',
  ),
  header('webhook-timestamp', 'Time of the attempt in Unix seconds: refuse old ones', '1796033730'),
  header(
    'webhook-signature',
    'Signatures separated by spaces: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`; one that fits is enough',
    'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  ),
];
