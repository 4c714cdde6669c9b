import { z } from 'zod';
import { IMPORT_FILE_STATES, MAX_IMPORT_FILES } from '../domain/import.js';
import { IMPORT_KINDS, MAX_UPLOAD_NAME_LENGTH } from '../domain/incoming-upload.js';
import { MAX_OUTBOUND_URL_LENGTH } from '../domain/outbound.js';
import { id, idParams, lineOfText, pageQuery, timestamp } from './common.schema.js';
import { imagesAdded, videosAdded } from './dataset-answers.schema.js';
import { pairsUploaded } from './named-dataset-answers.schema.js';
import { operation } from './operation.js';
import { json } from './request-body.js';

const about = { tag: 'Uploads', access: 'user', scope: 'datasets:write' } as const;

const url = z.string().min(1).max(MAX_OUTBOUND_URL_LENGTH).meta({
  description:
    'A public http or https URL that serves the file itself, or `s3://bucket/key` of a bucket from which the installation imports',
  example: 'https://example.com/photo.jpg',
});

const createBody = z
  .strictObject({
    kind: z.enum(IMPORT_KINDS).meta({
      description:
        '`pairs` are images or videos with their masks, for inpainting. Each URL may also be a ZIP of such files',
    }),
    urls: z
      .array(
        z.strictObject({
          url,
          name: lineOfText(MAX_UPLOAD_NAME_LENGTH)
            .optional()
            .meta({ description: "Name in the dataset; the last part of the URL's path by default" }),
          maskUrl: url.optional().meta({ description: 'For `pairs`: the mask; not needed for a ZIP' }),
        }),
      )
      .min(1)
      .max(MAX_IMPORT_FILES),
    fps: z.number().positive().max(240).optional().meta({
      description: 'For `pairs`: frames per second at which a video is sampled and charged; 1 by default',
    }),
    strict: z.boolean().optional().meta({
      description: 'For `pairs`: reject masks with pixels that are neither black nor white',
    }),
    maskFit: z.enum(['exact', 'scale']).optional().meta({
      description:
        'For `pairs`: whether mask images of another size are scaled or refused; `exact` by default',
    }),
  })
  .meta({
    id: 'NewImport',
    example: { kind: 'images', urls: [{ url: 'https://example.com/photo.jpg', name: 'Harbour' }] },
  });

const importFile = z
  .object({
    fileId: id,
    name: z.string(),
    url: z.string(),
    maskUrl: z.string().nullable(),
    state: z.enum(IMPORT_FILE_STATES),
    attempt: z.number().int().meta({ description: 'Number of attempts so far, at most 3' }),
    bytes: z.number().int().meta({ description: 'Bytes that have arrived, mask included' }),
    totalBytes: z.number().int().nullable().meta({
      description: 'Size of the file that is being fetched, if its server states it',
    }),
    problem: z.object({ code: z.string(), message: z.string() }).nullable().meta({
      description: 'Why it failed; nothing was stored or charged',
    }),
    result: z.union([videosAdded, imagesAdded, pairsUploaded]).nullable().meta({
      description: 'What was stored and charged, with the ids of the media, as for an upload in one request',
    }),
    finishedAt: timestamp.nullable(),
  })
  .meta({ id: 'ImportFile' });

const importAnswer = z
  .object({
    importId: id,
    datasetId: id,
    kind: z.enum(IMPORT_KINDS),
    state: z.enum(['running', 'completed']).meta({
      description: '`completed` when no file is waiting or running, whatever became of them',
    }),
    createdAt: timestamp,
    files: z.array(importFile),
  })
  .meta({ id: 'Import' });

const importParams = idParams.extend({ importId: id });

/** Imports from URLs. */
export const importOperations = {
  create: operation({
    ...about,
    method: 'post',
    path: '/api/dataset/:id/imports',
    operationId: 'importUrls',
    summary: 'Add files from URLs to a dataset',
    description:
      'A worker fetches the files; each is checked, charged and stored like an upload of its own. The least price of each file is held until then. Private, local and reserved addresses are refused, also after redirects. Objects of buckets that the operator has named (`IMPORT_S3_BUCKETS`) are imported as `s3://bucket/key`. See docs/uploads.md.',
    params: idParams,
    body: json(createBody),
    idempotent: true,
    responses: [
      {
        status: 202,
        description: 'The import, which goes on',
        schema: importAnswer,
        headers: { Location: 'Path of the import' },
      },
    ],
    errors: [401, 404, 413, 422, 429],
  }),
  list: operation({
    ...about,
    scope: 'datasets:read',
    method: 'get',
    path: '/api/dataset/:id/imports',
    operationId: 'listImports',
    summary: 'Imports of a dataset, newest first',
    params: idParams,
    query: z.strictObject(pageQuery),
    responses: [
      {
        status: 200,
        description: 'One page',
        schema: z
          .object({ imports: z.array(importAnswer), nextCursor: z.string().nullable() })
          .meta({ id: 'ImportPage' }),
      },
    ],
    errors: [404],
  }),
  get: operation({
    ...about,
    scope: 'datasets:read',
    method: 'get',
    path: '/api/dataset/:id/imports/:importId',
    operationId: 'getImport',
    summary: 'State of every file of an import',
    params: importParams,
    responses: [{ status: 200, description: 'The import', schema: importAnswer }],
    errors: [404],
  }),
  cancel: operation({
    ...about,
    method: 'delete',
    path: '/api/dataset/:id/imports/:importId',
    operationId: 'cancelImport',
    summary: 'Cancel the files that are not stored yet; their holds are released',
    params: importParams,
    responses: [{ status: 200, description: 'The import; stored files stay', schema: importAnswer }],
    errors: [404],
  }),
};
