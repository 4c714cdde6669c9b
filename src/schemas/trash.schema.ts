import { z } from 'zod';
import { TRASH_KINDS } from '../domain/trash.js';
import { id, idParams, pageQuery, timestamp } from './common.schema.js';
import { operation } from './operation.js';

const about = { tag: 'Trash', access: 'user' } as const;
const kind = z.enum(TRASH_KINDS).meta({ description: 'A result has the id of its job' });
const entryParams = z.strictObject({ kind, id });
const done = (description: string) => [{ status: 204, description }];

const entry = z
  .object({
    kind,
    id,
    name: z.string().meta({ description: 'Name of the dataset or file; task of the job' }),
    datasetId: id.nullable(),
    bytes: z.number().int().meta({ description: 'Bytes that its removal frees' }),
    deletedAt: timestamp,
    purgeAt: timestamp.meta({ description: 'When it is removed for good' }),
  })
  .meta({ id: 'TrashEntry' });

const TRASHED = 'It can be restored until it is removed for good (`TRASH_DAYS`).';

/** Deletes files, items, jobs and results, and restores what was deleted. */
export const trashOperations = {
  removeMedia: operation({
    ...about,
    method: 'delete',
    path: '/api/media/:id',
    operationId: 'deleteMedia',
    summary: 'Delete a file of a dataset',
    description: `A source is deleted with its item and its mask; an item whose mask is deleted stays without one. Jobs that were created before go on. ${TRASHED}`,
    scope: 'datasets:write',
    params: idParams,
    responses: done('The file is in the trash'),
    errors: [404],
  }),
  removeItem: operation({
    ...about,
    method: 'delete',
    path: '/api/dataset/:id/items/:itemId',
    operationId: 'deleteDatasetItem',
    summary: 'Delete an item of a dataset: its source and its mask',
    description: TRASHED,
    scope: 'datasets:write',
    params: z.strictObject({ id, itemId: id }),
    responses: done('The item is in the trash'),
    errors: [404],
  }),
  removeJob: operation({
    ...about,
    method: 'delete',
    path: '/api/jobs/:id',
    operationId: 'deleteJob',
    summary: 'Delete a job that has ended, with its result',
    description: `409 for a job that has not ended: cancel it first. The ledger stays. ${TRASHED}`,
    scope: 'jobs:write',
    params: idParams,
    responses: done('The job is in the trash'),
    errors: [404, 409],
  }),
  removeResult: operation({
    ...about,
    method: 'delete',
    path: '/api/jobs/:id/result',
    operationId: 'deleteJobResult',
    summary: 'Delete the result of a job; the job stays',
    description: TRASHED,
    scope: 'jobs:write',
    params: idParams,
    responses: done('The result is in the trash'),
    errors: [404],
  }),
  list: operation({
    ...about,
    method: 'get',
    path: '/api/trash',
    operationId: 'listTrash',
    summary: 'What can be restored, most recently deleted first',
    description:
      'Files of a deleted dataset belong to its entry. The `Link` header contains the URL of the next page.',
    scope: 'datasets:read',
    query: z.strictObject({ ...pageQuery, kind: kind.optional() }),
    responses: [
      {
        status: 200,
        description: 'One page',
        schema: z
          .object({ data: z.array(entry), nextCursor: z.string().nullable(), hasMore: z.boolean() })
          .meta({ id: 'TrashPage' }),
      },
    ],
  }),
  restore: operation({
    ...about,
    method: 'post',
    path: '/api/trash/:kind/:id/restore',
    operationId: 'restoreFromTrash',
    summary: 'Restore something from the trash',
    description:
      'Restored files count for the storage quota again. 409 when the name of a dataset is in use again.',
    scope: 'datasets:write',
    params: entryParams,
    responses: [{ status: 200, description: 'What was restored', schema: z.object({ restored: entry }) }],
    errors: [404, 409, 413],
  }),
  purge: operation({
    ...about,
    method: 'delete',
    path: '/api/trash/:kind/:id',
    operationId: 'purgeFromTrash',
    summary: 'Remove something in the trash for good',
    scope: 'datasets:write',
    params: entryParams,
    responses: [{ status: 202, description: 'It will be removed within seconds and cannot be restored' }],
    errors: [404],
  }),
  empty: operation({
    ...about,
    method: 'delete',
    path: '/api/trash',
    operationId: 'emptyTrash',
    summary: 'Remove everything in the trash for good',
    scope: 'datasets:write',
    responses: [
      {
        status: 202,
        description: 'It will be removed within seconds and cannot be restored',
        schema: z.object({ removed: z.number().int() }),
      },
    ],
  }),
};
