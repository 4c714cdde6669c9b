import { z } from 'zod';
import { PRIORITY } from '../domain/repositories/schedule.repository.js';
import { inpaintingParamsSchema, modelIdSchema } from '../tasks/inpainting/params.js';
import {
  dryRunQuery,
  estimateResponse,
  flag,
  id,
  idParams,
  linkQuery,
  rangeOver,
  repeated,
  saveQuery,
  timestamp,
} from './common.schema.js';
import { envelope, numberedPage, pageFacts } from './envelope.schema.js';
import { job, jobFailure, jobStatus, resultLifetime } from './job.schema.js';
import { datasetName } from './named-dataset.schema.js';
import { MEDIA_TYPES, operation } from './operation.js';
import { json } from './request-body.js';
import { priority } from './scheduling.schema.js';

const parameters = inpaintingParamsSchema.omit({ modelId: true });

const createBody = z
  .strictObject({
    datasetName,
    modelId: modelIdSchema,
    parameters: parameters
      .default(() => parameters.parse({}))
      .meta({ example: { quality: 'high', blendMode: 'feather', outputFormat: 'png' } }),
    range: rangeOver('items with masks'),
    priority: priority.default(PRIORITY.usual),
    expiresIn: resultLifetime.optional(),
  })
  .meta({ id: 'NewInpainting' });

const summary = z.object({
  id,
  status: jobStatus,
  modelId: z.string(),
  datasetName: z.string().nullable(),
  createdAt: timestamp,
});

const inference = job
  .extend({ modelId: z.string(), datasetName: z.string().nullable(), updatedAt: timestamp })
  .meta({ id: 'Inference' });

const fileOf = z.object({
  outputPath: z.string().meta({ example: 'inferences/0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c/IMG_0001.png' }),
  downloadUrl: z.string().meta({ description: 'Signed; works without a token for 15 minutes' }),
});

const results = z.object({
  inferenceId: id,
  status: jobStatus,
  images: z.array(fileOf.extend({ originalPath: z.string() })),
  videos: z.array(fileOf.extend({ originalVideoId: z.string() })),
  zipUrl: z.string().meta({ description: 'Signed link to a ZIP of all results with a before/after sheet' }),
  sheetUrl: z.string().nullable().meta({ description: 'Signed link to the before/after sheet' }),
  details: z.record(z.string(), z.unknown()).meta({
    description: 'Model, device, times, and for each item method, hole share, files and warnings',
  }),
});

/** Inpainting jobs and their results. */
export const inpaintingOperations = {
  create: operation({
    method: 'post',
    path: '/api/inferences',
    operationId: 'createInpainting',
    summary: 'Fill the masked parts of a dataset',
    description:
      'Creates one job for all items with a mask. The price is held when the job is created: 2.75 per image, 1.5 per sampled frame.',
    tag: 'Inpainting',
    access: 'user',
    scope: 'jobs:write',
    query: dryRunQuery,
    body: json(createBody),
    idempotent: true,
    responses: [
      {
        status: 201,
        description: 'The job',
        schema: z
          .object({
            success: z.literal(true),
            message: z.literal('Inference created and queued successfully'),
            inference: summary,
            jobId: id,
            jobs: z.array(job).optional().meta({ description: 'With `Prefer: wait=n`: the job afterwards' }),
          })
          .meta({ id: 'InpaintingCreated' }),
      },
      {
        status: 200,
        description: 'With `dryRun=true`: only the price',
        schema: estimateResponse,
      },
    ],
    errors: [404, 422, 507],
  }),
  status: operation({
    method: 'get',
    path: '/api/inferences/job/:jobId/status',
    operationId: 'getInpaintingStatus',
    summary: 'Status and progress of a job',
    tag: 'Inpainting',
    access: 'user',
    scope: 'jobs:read',
    params: z.strictObject({ jobId: id }),
    responses: [
      {
        status: 200,
        description: 'The status',
        schema: envelope(
          'Job status retrieved successfully',
          z.object({
            jobId: id,
            status: jobStatus,
            progress: z.number().min(0).max(100),
            stage: z.string().nullable(),
            queuePosition: z.number().int().nullable(),
            result: results.nullable(),
            error: jobFailure.nullable(),
          }),
        ).meta({ id: 'InpaintingStatus' }),
      },
    ],
    errors: [404],
  }),
  list: operation({
    method: 'get',
    path: '/api/inferences',
    operationId: 'listInpaintings',
    summary: "The caller's inpainting jobs, newest first",
    tag: 'Inpainting',
    access: 'user',
    scope: 'jobs:read',
    query: z.strictObject({
      ...numberedPage(10),
      status: repeated(jobStatus).optional(),
      includeDeleted: flag
        .optional()
        .meta({ description: '`false` excludes jobs of deleted datasets, which are listed by default' }),
    }),
    responses: [
      {
        status: 200,
        description: 'One page of jobs',
        schema: envelope('Inferences retrieved successfully', z.array(inference))
          .extend(pageFacts)
          .meta({ id: 'InpaintingList' }),
      },
    ],
  }),
  get: operation({
    method: 'get',
    path: '/api/inferences/:id',
    operationId: 'getInpainting',
    summary: 'One inpainting job',
    tag: 'Inpainting',
    access: 'user',
    scope: 'jobs:read',
    params: idParams,
    responses: [
      {
        status: 200,
        description: 'The job',
        schema: envelope('Inference retrieved successfully', inference).meta({ id: 'InpaintingFound' }),
      },
    ],
    errors: [404],
  }),
  results: operation({
    method: 'get',
    path: '/api/inferences/:id/results',
    operationId: 'getInpaintingResults',
    summary: 'Result files of a COMPLETED job',
    tag: 'Inpainting',
    access: 'user',
    scope: 'jobs:read',
    params: idParams,
    responses: [
      {
        status: 200,
        description: 'The files',
        schema: envelope('Inference results retrieved successfully', results).meta({
          id: 'InpaintingResults',
        }),
      },
    ],
    errors: [404, 409, 410],
  }),
  download: operation({
    method: 'get',
    path: '/api/inferences/:id/download/:filename',
    operationId: 'downloadInpainting',
    summary: 'One result file',
    description: 'With a bearer token, or by the signed `downloadUrl`. Supports ranges and ETag.',
    tag: 'Inpainting',
    access: 'link',
    scope: 'jobs:read',
    params: z.strictObject({
      id,
      filename: z.string().min(1).max(200).meta({ example: 'IMG_0001.png' }),
    }),
    query: linkQuery.extend(saveQuery),
    responses: [
      { status: 200, description: 'The file', contentType: MEDIA_TYPES },
      { status: 206, description: 'The requested range of the file', contentType: MEDIA_TYPES },
      { status: 304, description: 'Unchanged since `If-None-Match`' },
    ],
    errors: [403, 404, 409, 410, 416],
  }),
};
