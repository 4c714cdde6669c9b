import { z } from 'zod';
import {
  MAX_UPLOAD_NAME_LENGTH,
  MAX_UPLOAD_PARTS,
  UPLOAD_KINDS,
  UPLOAD_PROTOCOLS,
  UPLOAD_STATES,
} from '../domain/incoming-upload.js';
import { id, idParams, lineOfText, pageQuery, repeated } from './common.schema.js';
import { datasetName } from './named-dataset.schema.js';
import { operation } from './operation.js';
import { json, stream } from './request-body.js';
import {
  partUrls,
  uploadAnswer,
  uploadCreated,
  uploadPage,
  uploadWithParts,
} from './upload-answer.schema.js';

const about = { tag: 'Uploads', access: 'user', scope: 'datasets:write' } as const;
/** 1 TiB; the server's own limit is a setting. */
const MAX_SIZE = 2 ** 40;
const MAX_FRAMES = 100_000_000;

/** Name extension of a file, with or without its dot. */
export const fileExtension = z
  .string()
  .regex(/^\.?[A-Za-z0-9]{1,16}$/, 'must be 1 to 16 letters and digits')
  .transform((text) => text.replace('.', '').toLowerCase())
  .meta({ description: 'Such as `mp4`; `zip` for an archive', example: 'mp4' });

/** Name of a file in its dataset. */
export const uploadName = lineOfText(MAX_UPLOAD_NAME_LENGTH).meta({ example: 'Morning Rush Hour' });

/** What the files are. */
const uploadKind = z.enum(UPLOAD_KINDS).meta({
  description:
    '`pairs` are images or videos with their masks, for inpainting; `dataset` is the archive of a dataset, whose files are added. By default `pairs` with a `role`, `images` for extensions of images, and `videos` otherwise',
});

/** Role of a file of a pair. */
const uploadRole = z.enum(['source', 'mask']).meta({
  description:
    'For inpainting: whether the file is the image or video, or its mask. Both become media together',
});

/** Number of frames that the client expects. */
export const expectedFrames = z.number().int().min(1).max(MAX_FRAMES).meta({
  description: 'Frames of the video, for the estimated price; by default one for every 32 KiB',
});

/** Options of pairs. */
export const pairOptions = {
  fps: z.number().positive().max(240).optional().meta({
    description: 'For `pairs`: frames per second at which a video is sampled and charged; 1 by default',
  }),
  strict: z.boolean().optional().meta({
    description: 'For `pairs`: reject masks with pixels that are neither black nor white',
  }),
};

const sourceUploadId = id.meta({ description: 'For a mask: the upload of its image or video' });

const createBody = z
  .strictObject({
    datasetId: id.optional(),
    datasetName: datasetName.optional(),
    name: uploadName,
    extension: fileExtension.optional(),
    size: z.number().int().min(0).max(MAX_SIZE).optional().meta({
      description:
        'Size of the file in bytes; 422 `EMPTY_FILE` for 0. May be missing if `parts` is given; each part then has at most 200 MiB',
      example: 314572800,
    }),
    parts: z.number().int().min(1).max(MAX_UPLOAD_PARTS).optional().meta({
      description: 'Number of parts; by default as many as parts of 64 MiB need',
    }),
    kind: uploadKind.optional(),
    role: uploadRole.optional(),
    sourceUploadId: sourceUploadId.optional(),
    frames: expectedFrames.optional(),
    ...pairOptions,
  })
  .refine(({ datasetId, datasetName: named }) => (datasetId === undefined) !== (named === undefined), {
    error: 'Give either datasetId or datasetName.',
    path: ['datasetId'],
  })
  .meta({
    id: 'NewMultipartUpload',
    example: { datasetName: 'Traffic', name: 'Morning Rush Hour', extension: 'mp4', size: 314572800 },
  });

/** Number of a part. */
export const partNumber = z.number().int().min(1).max(MAX_UPLOAD_PARTS).meta({ example: 1 });

const refreshBody = z
  .strictObject({
    parts: z.array(partNumber).min(1).max(MAX_UPLOAD_PARTS).optional().meta({
      description: 'Numbers of the parts whose URLs are wanted; all by default',
    }),
  })
  .default({})
  .meta({ id: 'PartUrlRequest', example: { parts: [2, 3] } });

/** ETag of a part, with or without quotation marks. */
export const partETag = z.string().min(1).max(200).meta({ example: '"9b2cf535f27731c974343645a3985328"' });

const completeBody = z
  .strictObject({
    parts: z
      .array(z.strictObject({ partNumber, etag: partETag }))
      .min(1)
      .max(MAX_UPLOAD_PARTS)
      .meta({ description: 'All parts in ascending order, with the `ETag` headers of their uploads' }),
  })
  .meta({ id: 'MultipartCompletion' });

const partParams = z.strictObject({
  id,
  part: z.coerce
    .number()
    .int()
    .min(1)
    .max(MAX_UPLOAD_PARTS)
    .meta({ description: 'Number of the part, from 1' }),
});

const signature = {
  expires: z.string().max(12).optional().meta({ description: 'Expiry in Unix seconds' }),
  bytes: z
    .string()
    .regex(/^\d{1,16}$/)
    .optional()
    .meta({ description: 'Exact size of the part' }),
  signature: z.string().max(128).optional().meta({ description: 'Signature of the URL' }),
};

/** Uploads in several requests. */
export const uploadOperations = {
  list: operation({
    ...about,
    scope: 'datasets:read',
    method: 'get',
    path: '/api/uploads',
    operationId: 'listUploads',
    summary: 'Your uploads in several requests, newest first',
    description:
      'Both multipart uploads and those by tus. Uploads that ended without media are listed for seven days.',
    query: z.strictObject({
      ...pageQuery,
      state: repeated(z.enum(UPLOAD_STATES)).optional(),
      protocol: z.enum(UPLOAD_PROTOCOLS).optional(),
    }),
    responses: [{ status: 200, description: 'One page', schema: uploadPage }],
  }),
  create: operation({
    ...about,
    method: 'post',
    path: '/api/uploads/multipart',
    operationId: 'createMultipartUpload',
    summary: 'Start an upload in parts, with signed URLs',
    description:
      'Send each part with `PUT` to its URL, keep the `ETag` header of each response, then complete the upload. The quotas are checked and the estimated price is held now; the charge is for what the file contains. See docs/uploads.md.',
    body: json(createBody),
    idempotent: true,
    responses: [
      {
        status: 201,
        description: 'The upload and the URLs of its parts',
        schema: uploadCreated,
        headers: { Location: 'Path of the upload' },
      },
    ],
    errors: [404, 422, 507],
  }),
  get: operation({
    ...about,
    scope: 'datasets:read',
    method: 'get',
    path: '/api/uploads/multipart/:id',
    operationId: 'getMultipartUpload',
    summary: 'A multipart upload, its received parts, and what was stored',
    params: idParams,
    responses: [{ status: 200, description: 'The upload', schema: uploadWithParts }],
    errors: [404],
  }),
  refresh: operation({
    ...about,
    method: 'post',
    path: '/api/uploads/multipart/:id/parts',
    operationId: 'refreshPartUrls',
    summary: 'New URLs of parts; they live half an hour',
    params: idParams,
    body: json(refreshBody, { optional: true }),
    responses: [{ status: 200, description: 'The URLs', schema: partUrls }],
    errors: [404, 409, 410, 422],
  }),
  putPart: operation({
    ...about,
    access: 'link',
    method: 'put',
    path: '/api/uploads/multipart/:id/parts/:part',
    operationId: 'uploadPart',
    summary: 'Send one part to its signed URL',
    description:
      'The URL as it was returned, which needs no other credential. A part may be sent again; the last one counts. With an object store, the URLs are of that store instead.',
    params: partParams,
    query: z.strictObject(signature),
    body: stream('The bytes of the part; any `Content-Type`'),
    responses: [
      {
        status: 200,
        description: 'The part was stored',
        headers: { ETag: 'MD5 of the part, in quotation marks' },
      },
    ],
    errors: [404, 409, 410, 422],
  }),
  complete: operation({
    ...about,
    method: 'post',
    path: '/api/uploads/multipart/:id/complete',
    operationId: 'completeMultipartUpload',
    summary: 'Join the parts, check the file and add it to the dataset',
    description:
      'The same checks as for uploads in one request. It may be repeated, with the same answer. A file that is refused is removed with its hold; after a lack of credits or of space, complete again.',
    params: idParams,
    body: json(completeBody),
    responses: [
      { status: 201, description: 'What was stored', schema: uploadAnswer },
      { status: 202, description: 'The other file of the pair is missing', schema: uploadAnswer },
    ],
    errors: [401, 404, 409, 410, 413, 415, 422, 429, 507],
  }),
  abort: operation({
    ...about,
    method: 'delete',
    path: '/api/uploads/multipart/:id',
    operationId: 'abortMultipartUpload',
    summary: 'End an upload; its parts are removed and its hold is released',
    params: idParams,
    responses: [{ status: 204, description: 'Ended' }],
    errors: [404, 409],
  }),
};
