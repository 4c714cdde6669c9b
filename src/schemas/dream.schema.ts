import { z } from 'zod';
import { MAX_UPLOAD_PARTS } from '../domain/incoming-upload.js';
import { id } from './common.schema.js';
import { datasetName } from './named-dataset.schema.js';
import { operation } from './operation.js';
import { json } from './request-body.js';
import { expectedFrames, fileExtension, partETag, partNumber, uploadName } from './upload.schema.js';

const about = { tag: 'Uploads', access: 'user', scope: 'datasets:write', method: 'post' } as const;
/** Dataset of uploads that name none. */
export const DREAM_DATASET = 'Dreams';
const path = '/api/v1/dream';

const params = z.strictObject({ uuid: id });
/** Fields of the documented format that have no meaning here are ignored, so bodies are not strict. */
const loose = z.object;

const createBody = loose({
  name: uploadName,
  extension: fileExtension.optional(),
  parts: z.number().int().min(1).max(MAX_UPLOAD_PARTS),
  size: z.number().int().min(1).optional(),
  datasetName: datasetName
    .optional()
    .meta({ description: `\`${DREAM_DATASET}\` by default; created if missing` }),
  frames: expectedFrames.optional(),
}).meta({ id: 'NewDreamUpload', example: { name: 'Waves', extension: 'mp4', parts: 2 } });

const uploadId = id.meta({ description: 'As it was returned, the same as the uuid' });

const refreshBody = loose({
  uploadId,
  part: partNumber,
}).meta({ id: 'DreamUrlRequest' });

const completeBody = loose({
  uploadId,
  parts: z
    .array(z.object({ PartNumber: partNumber, ETag: partETag }))
    .min(1)
    .max(MAX_UPLOAD_PARTS),
}).meta({ id: 'DreamCompletion' });

const abortBody = loose({ uploadId }).meta({ id: 'DreamAbortion' });

const user = z.object({ id, uuid: id });
const dream = z
  .object({
    id,
    uuid: id,
    name: z.string(),
    user,
    status: z.enum(['none', 'processed']),
    video: id.nullable().meta({ description: 'The stored media' }),
    processedVideoFrames: z.number().int().nullable(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'Dream' });

const success = <Data extends z.ZodType>(data: Data) => z.object({ success: z.literal(true), data });

/** Multipart uploads in the format of clients whose videos are called dreams. */
export const dreamOperations = {
  create: operation({
    ...about,
    path: `${path}/create-multipart-upload`,
    operationId: 'createDreamUpload',
    summary: 'Compatibility: start an upload in parts',
    description: `For clients that upload to \`/dream/…\` below a base path of their own; set it to \`/api/v1\`. The video becomes media of the dataset \`${DREAM_DATASET}\`. New clients use \`/api/uploads/multipart\`.`,
    body: json(createBody),
    responses: [
      {
        status: 200,
        description: 'The upload and the URLs of its parts',
        schema: success(z.object({ dream, uploadId: id, urls: z.array(z.string()) })),
      },
    ],
    errors: [404, 422, 507],
  }),
  refresh: operation({
    ...about,
    path: `${path}/:uuid/refresh-multipart-upload-url`,
    operationId: 'refreshDreamUploadUrl',
    summary: 'Compatibility: a new URL of a part',
    params,
    body: json(refreshBody),
    responses: [
      {
        status: 200,
        description: 'The URL',
        schema: success(z.object({ dream, uploadId: id, url: z.string() })),
      },
    ],
    errors: [404, 409, 410, 422],
  }),
  complete: operation({
    ...about,
    path: `${path}/:uuid/complete-multipart-upload`,
    operationId: 'completeDreamUpload',
    summary: 'Compatibility: join the parts and store the video',
    params,
    body: json(completeBody),
    responses: [{ status: 200, description: 'The video', schema: success(z.object({ dream })) }],
    errors: [401, 404, 409, 410, 413, 415, 422, 429, 507],
  }),
  abort: operation({
    ...about,
    path: `${path}/:uuid/abort-multipart-upload`,
    operationId: 'abortDreamUpload',
    summary: 'Compatibility: end an upload',
    params,
    body: json(abortBody),
    responses: [
      {
        status: 200,
        description: 'Ended',
        schema: z.object({ success: z.literal(true), message: z.string() }),
      },
    ],
    errors: [404, 409],
  }),
};
