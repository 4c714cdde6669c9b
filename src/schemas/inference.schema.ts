import { z } from 'zod';
import { classificationParamsSchema } from '../tasks/classification/params.js';
import { cnsParamsSchema } from '../tasks/cns/params.js';
import { dryRunQuery, id, idParams, linkQuery, estimateResponse } from './common.schema.js';
import { jobFailure, jobProgress, jobStatus } from './job.schema.js';
import { operation } from './operation.js';

/** `all`, or `a-b` over the videos or images of the dataset in upload order, from 0, inclusive. */
const rangeOf = (media: 'videos' | 'images') =>
  z
    .string()
    .regex(/^(all|\d{1,6}-\d{1,6})$/, `must be "all" or "a-b" over the ${media} in upload order, from 0`)
    .default('all')
    .meta({ example: 'all' });

const cnsBody = z
  .strictObject({
    task: z.literal('cns').default('cns'),
    datasetId: id,
    parameters: cnsParamsSchema
      .default(() => cnsParamsSchema.parse({}))
      .meta({
        example: {
          startFrame: 0,
          endFrame: 500,
          goalFrameId: 40,
          frameStep: 2,
          detector: 'SIFT',
          useGpus: true,
        },
      }),
    range: rangeOf('videos'),
  })
  .meta({ id: 'NewCnsInference' });

const classificationBody = z
  .strictObject({
    task: z.literal('classification'),
    datasetId: id,
    parameters: classificationParamsSchema.meta({ example: { modelId: 'shapes', topK: 3 } }),
    range: rangeOf('images').meta({ description: '`all`, or `a-b` over the images in upload order, from 0' }),
  })
  .meta({ id: 'NewClassificationInference' });

/** Without `task` it is CNS, as the first clients know nothing else. */
const createBody = z.discriminatedUnion('task', [cnsBody, classificationBody]).meta({ id: 'NewInference' });

const results = z
  .object({
    requestId: id,
    velocity: z.array(z.array(z.number()).length(6).nullable()).meta({
      description:
        '[vx, vy, vz, wx, wy, wz] for every processed frame in the camera frame, m/s and rad/s; null where tracking was lost',
    }),
    carbon_footprint: z.number().meta({ description: 'Grams of CO2 equivalent' }),
    download_url: z.string().meta({ description: 'Signed path of the ZIP, valid for 15 minutes' }),
    message: z.string().meta({ example: 'Inference completed successfully' }),
  })
  .catchall(z.unknown());

/** Starting inference and fetching its results. */
export const inferenceOperations = {
  create: operation({
    method: 'post',
    path: '/api/inference',
    operationId: 'createInference',
    summary: 'Create and enqueue inference jobs',
    description:
      'One video is goal and current; n videos make n-1 jobs on consecutive pairs. The price is held at once.',
    tag: 'Inference',
    access: 'user',
    query: dryRunQuery,
    body: createBody,
    idempotent: true,
    responses: [
      {
        status: 201,
        description: 'The jobs',
        schema: z.object({ jobId: z.array(id) }).meta({ id: 'InferenceCreated' }),
      },
      {
        status: 200,
        description: 'With `dryRun=true`: the price; nothing is done',
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
    body: createBody,
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
    params: idParams,
    responses: [
      {
        status: 200,
        description: 'The result',
        schema: z.object({ results }).meta({ id: 'InferenceResult' }),
      },
    ],
    errors: [404, 409],
  }),
  resultZip: operation({
    method: 'get',
    path: '/api/inference/result/zip/:id',
    operationId: 'downloadInferenceResult',
    summary: 'Result of a COMPLETED job as ZIP',
    description:
      'With a bearer token, or by the signed `download_url` of the JSON result. Ranges and ETag are served.',
    tag: 'Inference',
    access: 'link',
    params: idParams,
    query: linkQuery,
    responses: [
      { status: 200, description: 'The ZIP', contentType: 'application/zip' },
      { status: 206, description: 'The asked range of the ZIP', contentType: 'application/zip' },
      { status: 304, description: 'Not changed since `If-None-Match`' },
    ],
    errors: [403, 404, 409, 416],
  }),
};
