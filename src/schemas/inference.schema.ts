import { z } from 'zod';
import { PRIORITY } from '../domain/repositories/schedule.repository.js';
import type { TaskRequest } from '../tasks/definition.js';
import { TASKS, type AnyTask } from '../tasks/index.js';
import { dryRunQuery, id, idParams, linkQuery, estimateResponse, rangeOver } from './common.schema.js';
import { job, jobInputs, resultLifetime, jobFailure, jobProgress, jobStatus } from './job.schema.js';
import { operation } from './operation.js';
import { json } from './request-body.js';
import { priority } from './scheduling.schema.js';
import { webhookEvents, webhookSecret, webhookUrl } from './webhook.schema.js';

const EXAMPLE_ID = '0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c';

/** `all`, or `a-b` over the items of the dataset that the task processes. */
function rangeOf({ media }: AnyTask) {
  const items = media.map((kind) => `${kind}s`).join(' and ');
  const description = `\`all\`, or \`a-b\` over the ${items} in upload order, from 0`;
  return rangeOver(`${items} in upload order`).meta({ example: 'all', description });
}

/** The task's parameters; optional if the task has no required ones. */
function parametersOf({ params }: AnyTask, { example }: TaskRequest) {
  const described = params.safeParse({}).success ? params.default(() => params.parse({})) : params;
  return described.meta({ example });
}

/** Endpoint for the jobs of the request alone. */
const requestWebhook = z
  .strictObject({ url: webhookUrl, events: webhookEvents.optional(), secret: webhookSecret.optional() })
  .meta({
    id: 'InferenceWebhook',
    description:
      'Gets signed messages about the jobs of this request, in addition to the endpoints of the account',
  });

/** Request body for one task. */
function bodyOf(task: AnyTask, request: TaskRequest, name: z.ZodType<string>) {
  return z
    .strictObject({
      task: name,
      datasetId: id,
      parameters: parametersOf(task, request),
      range: rangeOf(task),
      priority: priority.default(PRIORITY.usual),
      webhook: requestWebhook.optional(),
      expiresIn: resultLifetime.optional(),
    })
    .meta({
      id: request.schemaId,
      // Without the optional endpoint, which a request sent from the documentation would notify.
      example: { task: task.name, datasetId: EXAMPLE_ID, parameters: request.example, range: 'all' },
    });
}

const requested = TASKS.flatMap((task) => (task.request ? [{ task, request: task.request }] : []));

/** The body without `task` means the first task, CNS, for clients that predate the field. */
const [firstBody, ...otherBodies] = requested.map(({ task, request }, index) => {
  const name = z.literal(task.name);
  return bodyOf(task, request, index === 0 ? name.default(task.name) : name);
});
const createBody = z.discriminatedUnion('task', [firstBody, ...otherBodies]).meta({ id: 'NewInference' });

/** Task-specific result fields; each is present only in results of its task. */
const resultFields = Object.fromEntries(
  requested.flatMap(({ task: { result = {} } }) =>
    Object.entries(result).map(([field, schema]) => [field, schema.optional()]),
  ),
);

const results = z
  .object({
    requestId: id,
    velocity: z.array(z.array(z.number()).length(6).nullable()).meta({
      description:
        '[vx, vy, vz, wx, wy, wz] for every processed frame in the camera frame, m/s and rad/s; null where tracking was lost, and in weak frames with onWeak "null"',
    }),
    carbon_footprint: z.number().meta({ description: 'Grams of CO2 equivalent' }),
    download_url: z.string().meta({ description: 'Signed path of the ZIP, valid for 15 minutes' }),
    message: z.string().meta({ example: 'Inference completed successfully' }),
    inputs: jobInputs,
    ...resultFields,
  })
  .catchall(z.unknown());

/** Creates inference jobs and returns their results. */
export const inferenceOperations = {
  create: operation({
    method: 'post',
    path: '/api/inference',
    operationId: 'createInference',
    summary: 'Create and enqueue inference jobs',
    description: [
      ...requested.flatMap(({ request: { description } }) => description ?? []),
      'The price is held when the jobs are created.',
      'With `Prefer: wait=n` (at most 60) the response comes when they have ended, or after n seconds.',
    ].join(' '),
    tag: 'Inference',
    access: 'user',
    scope: 'jobs:write',
    fieldScopes: { webhook: 'webhooks' },
    query: dryRunQuery,
    body: json(createBody),
    idempotent: true,
    responses: [
      {
        status: 201,
        description: 'The jobs',
        schema: z
          .object({
            jobId: z.array(id),
            webhook: z.object({ id, secret: z.string() }).optional().meta({
              description: 'With `webhook` in the request: its endpoint; the secret is shown only now',
            }),
            jobs: z.array(job).optional().meta({ description: 'With `Prefer: wait=n`: the jobs afterwards' }),
          })
          .meta({ id: 'InferenceCreated' }),
        headers: { 'Preference-Applied': '`wait=n` when the request waited until the jobs had ended' },
      },
      {
        status: 200,
        description: 'With `dryRun=true`: only the price',
        schema: estimateResponse,
      },
    ],
    errors: [404, 422, 503, 507],
  }),
  estimate: operation({
    method: 'post',
    path: '/api/inference/estimate',
    operationId: 'estimateInference',
    summary: 'Quote inference jobs without creating them',
    tag: 'Inference',
    access: 'user',
    scope: 'jobs:read',
    body: json(createBody),
    responses: [{ status: 200, description: 'The price', schema: estimateResponse }],
    errors: [404, 422],
  }),
  status: operation({
    method: 'get',
    path: '/api/inference/status/:id',
    operationId: 'getInferenceStatus',
    summary: 'Status of a job',
    tag: 'Inference',
    access: 'user',
    scope: 'jobs:read',
    params: idParams,
    responses: [
      {
        status: 200,
        description: 'The status',
        schema: z
          .object({
            status: jobStatus,
            jobId: id,
            progress: jobProgress.nullable(),
            queuePosition: z.number().int().nullable(),
            failingReason: z.string().nullable(),
            error: jobFailure.nullable(),
          })
          .meta({ id: 'InferenceStatus' }),
      },
    ],
    errors: [404],
  }),
  resultJson: operation({
    method: 'get',
    path: '/api/inference/result/json/:id',
    operationId: 'getInferenceResult',
    summary: 'Result of a COMPLETED job as JSON',
    tag: 'Inference',
    access: 'user',
    scope: 'jobs:read',
    params: idParams,
    responses: [
      {
        status: 200,
        description: 'The result',
        schema: z.object({ results }).meta({ id: 'InferenceResult' }),
      },
    ],
    errors: [404, 409, 410],
  }),
  resultZip: operation({
    method: 'get',
    path: '/api/inference/result/zip/:id',
    operationId: 'downloadInferenceResult',
    summary: 'Result of a COMPLETED job as ZIP',
    description:
      'With a bearer token, or by the signed `download_url` of the JSON result. Supports ranges and ETag.',
    tag: 'Inference',
    access: 'link',
    scope: 'jobs:read',
    params: idParams,
    query: linkQuery,
    responses: [
      { status: 200, description: 'The ZIP', contentType: 'application/zip' },
      { status: 206, description: 'The requested range of the ZIP', contentType: 'application/zip' },
      { status: 304, description: 'Unchanged since `If-None-Match`' },
    ],
    errors: [403, 404, 409, 410, 416],
  }),
};
