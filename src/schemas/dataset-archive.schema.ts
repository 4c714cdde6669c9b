import { z } from 'zod';
import { MAX_DATASET_NAME_LENGTH } from '../domain/dataset.js';
import { credits, dryRunQuery, id, idParams, lineOfText, linkQuery } from './common.schema.js';
import { datasetCreated } from './dataset-answers.schema.js';
import { operation } from './operation.js';
import { multipart } from './request-body.js';
import { uploadQuote, uploadWarnings } from './upload-report.schema.js';

const ARCHIVE_TYPE = 'application/zip';

const importFields = z
  .strictObject({
    datasetId: id.optional().meta({ description: 'Existing dataset; its name and tags stay as they are' }),
    name: lineOfText(MAX_DATASET_NAME_LENGTH)
      .optional()
      .meta({ description: 'Name of the new dataset; that of the archive by default' }),
  })
  .refine(({ datasetId, name }) => datasetId === undefined || name === undefined, {
    error: 'Give datasetId or name, not both.',
    path: ['name'],
  })
  .meta({ id: 'DatasetArchiveFields' });

/** What an archive added. */
export const archiveImported = z
  .object({
    message: z.literal('Dataset imported successfully'),
    dataset: datasetCreated,
    items: z.number().int().meta({ description: 'Items that were added' }),
    files: z.number().int().meta({ description: 'Sources and masks that were added' }),
    bytes: z.number().int().meta({ description: 'Size of the added files' }),
    costDeducted: credits,
    balance: credits,
    warnings: uploadWarnings,
  })
  .meta({ id: 'DatasetImported' });

/** Whole datasets as archives. */
export const datasetArchiveOperations = {
  download: operation({
    method: 'get',
    path: '/api/dataset/:id/archive',
    operationId: 'downloadDatasetArchive',
    summary: 'A dataset with all its files as a ZIP',
    description:
      'The ZIP contains `manifest.json` and the files as they are stored, without compression; ZIP64 for large ones. It depends only on the dataset: an interrupted download continues with `Range` and `If-Range`. At most two at a time for each account and API process. See docs/keeping.md.',
    tag: 'Datasets',
    access: 'link',
    scope: 'datasets:read',
    params: idParams,
    query: linkQuery,
    responses: [
      { status: 200, description: 'The archive', contentType: ARCHIVE_TYPE },
      { status: 206, description: 'The requested range', contentType: ARCHIVE_TYPE },
      { status: 304, description: 'Unchanged since `If-None-Match`' },
    ],
    errors: [403, 404, 413, 416, 429],
  }),
  import: operation({
    method: 'post',
    path: '/api/dataset/archive',
    operationId: 'importDatasetArchive',
    summary: 'Create a dataset from an archive, or add its files to a dataset',
    description:
      'Every file is checked like an upload and against the manifest; the archive is imported completely or not at all. Files without masks cost as much as uploads of videos and images, pairs as much as in a ZIP of pairs. For archives that are too large for one request see `kind` of `POST /api/uploads/multipart`.',
    tag: 'Datasets',
    access: 'user',
    scope: 'datasets:write',
    query: dryRunQuery,
    body: multipart(importFields, [{ name: 'content', required: true, description: 'The archive' }], {
      metered: true,
    }),
    idempotent: true,
    responses: [
      { status: 201, description: 'What was added', schema: archiveImported },
      { status: 200, description: 'With `dryRun=true`: the price; nothing is stored', schema: uploadQuote },
    ],
    errors: [404, 408, 409, 413, 415, 422, 507],
  }),
};
