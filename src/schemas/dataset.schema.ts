import { z } from 'zod';
import { MAX_DATASET_NAME_LENGTH } from '../domain/dataset.js';
import {
  dryRunQuery,
  flag,
  id,
  idParams,
  repeated,
  lineOfText,
  pageQueryOf,
  tag,
  tagList,
  timestamp,
} from './common.schema.js';
import {
  datasetCreated,
  imagesAdded,
  storedImage,
  storedVideo,
  videosAdded,
} from './dataset-answers.schema.js';
import { operation } from './operation.js';
import { json, multipart } from './request-body.js';
import { uploadQuote } from './upload-report.schema.js';

const name = lineOfText(MAX_DATASET_NAME_LENGTH);
const datasetName = name.meta({ example: 'Traffic Analysis 2023' });
const exampleTags = ['traffic', 'urban', 'peak-hours'];

const createBody = z
  .strictObject({ name: datasetName, tags: tagList.default([]).meta({ example: exampleTags }) })
  .meta({ id: 'NewDataset' });

const updateBody = z
  .strictObject({ name: datasetName.optional(), tags: tagList.optional().meta({ example: exampleTags }) })
  .refine((changes) => changes.name !== undefined || changes.tags !== undefined, {
    error: 'Give a name, tags or both.',
  })
  .meta({ id: 'DatasetChanges' });

/** Maximum page size; most accounts have fewer datasets. */
const MAX_LISTED = 500;

const listQuery = z.strictObject({
  tags: repeated(tag)
    .optional()
    .meta({ description: 'Only datasets with these tags; repeat the key for more' }),
  match: z
    .enum(['any', 'all'])
    .default('any')
    .meta({ description: 'Whether datasets with at least one of the tags match' }),
  includeDeleted: flag.optional().meta({ description: "Include the caller's deleted datasets" }),
  ...pageQueryOf(MAX_LISTED, MAX_LISTED),
});

const listBody = z.strictObject({ tags: z.array(tag).max(50).optional() }).optional();

const uploadFields = z
  .strictObject({
    name: name.meta({ example: 'Morning Rush Hour' }),
    type: z.enum(['video', 'zip']).default('video').meta({
      description:
        '`video` for one MP4, AVI, MKV or WebM; `zip` for an archive of several, named `<name>-<n>`',
    }),
  })
  .meta({ id: 'VideoUploadFields' });

const imageFields = z
  .strictObject({
    name: name.meta({ example: 'Crossing' }),
    type: z.enum(['image', 'zip']).default('image').meta({
      description: '`image` for one image; `zip` for an archive of several, which keep their names',
    }),
  })
  .meta({ id: 'ImageUploadFields' });

/** Datasets, their videos and images, and the tags in use. */
export const datasetOperations = {
  create: operation({
    method: 'post',
    path: '/api/dataset',
    operationId: 'createDataset',
    summary: 'Create a dataset',
    tag: 'Datasets',
    access: 'user',
    scope: 'datasets:write',
    body: json(createBody),
    responses: [
      {
        status: 201,
        description: 'The new dataset',
        schema: z
          .object({ message: z.literal('Dataset created successfully'), dataset: datasetCreated })
          .meta({ id: 'DatasetCreated' }),
      },
    ],
    errors: [409],
  }),
  list: operation({
    method: 'get',
    path: '/api/dataset',
    operationId: 'listDatasets',
    summary: "The caller's datasets",
    description:
      'Filter by repeating the query key `tags`. A JSON body `{"tags": [...]}` is accepted as well.',
    tag: 'Datasets',
    access: 'user',
    scope: 'datasets:read',
    query: listQuery,
    body: json(listBody, { optional: true }),
    responses: [
      {
        status: 200,
        description: 'Datasets, newest first',
        schema: z
          .object({
            datasets: z.array(
              z.object({
                id,
                name: z.string(),
                tags: z.array(z.string()),
                created_at: timestamp,
                updated_at: timestamp,
                deleted_at: timestamp.nullable(),
              }),
            ),
            nextCursor: z
              .string()
              .nullable()
              .meta({ description: 'Cursor of the next page; null on the last page' }),
          })
          .meta({ id: 'DatasetList' }),
      },
    ],
  }),
  get: operation({
    method: 'get',
    path: '/api/dataset/:id',
    operationId: 'getDataset',
    summary: 'One dataset with its videos and images in upload order',
    tag: 'Datasets',
    access: 'user',
    scope: 'datasets:read',
    params: idParams,
    responses: [
      {
        status: 200,
        description: 'The dataset',
        schema: z
          .object({
            dataset: datasetCreated
              .extend({
                archive_url: z.string().meta({
                  description: 'Signed, expiring URL of the dataset with all its files as a ZIP',
                }),
                videos: z.array(storedVideo),
                images: z.array(storedImage),
              })
              .meta({ id: 'DatasetWithMedia' }),
          })
          .meta({ id: 'DatasetFound' }),
      },
    ],
    errors: [404],
  }),
  update: operation({
    method: 'put',
    path: '/api/dataset/:id',
    operationId: 'updateDataset',
    summary: 'Change name, tags or both',
    description: 'With `If-Match`, the change is made only if the dataset still has that `ETag`.',
    tag: 'Datasets',
    access: 'user',
    scope: 'datasets:write',
    params: idParams,
    body: json(updateBody),
    responses: [
      {
        status: 200,
        description: 'The changed dataset',
        schema: z
          .object({ message: z.literal('Dataset updated successfully'), dataset: datasetCreated })
          .meta({ id: 'DatasetUpdated' }),
      },
    ],
    errors: [404, 409, 412],
  }),
  remove: operation({
    method: 'delete',
    path: '/api/dataset/:id',
    operationId: 'deleteDataset',
    summary: 'Delete a dataset; its name can be used again',
    tag: 'Datasets',
    access: 'user',
    scope: 'datasets:write',
    params: idParams,
    responses: [
      {
        status: 200,
        description: 'The dataset was deleted',
        schema: z
          .object({ message: z.literal('Dataset deleted successfully') })
          .meta({ id: 'DatasetDeleted' }),
      },
    ],
    errors: [404],
  }),
  addVideos: operation({
    method: 'post',
    path: '/api/dataset/:id/videos',
    operationId: 'uploadVideo',
    summary: 'Upload a video, or a ZIP of several',
    description:
      'Priced by the frames that were really counted. Text fields may come before or after the file.',
    tag: 'Datasets',
    access: 'user',
    scope: 'datasets:write',
    params: idParams,
    query: dryRunQuery,
    body: multipart(uploadFields, [{ name: 'content', required: true, description: 'The video or ZIP' }], {
      metered: true,
    }),
    idempotent: true,
    responses: [
      { status: 201, description: 'The video was added', schema: videosAdded },
      { status: 200, description: 'With `dryRun=true`: the price; nothing is stored', schema: uploadQuote },
    ],
    errors: [404, 408, 413, 415, 422, 507],
  }),
  addImages: operation({
    method: 'post',
    path: '/api/dataset/:id/images',
    operationId: 'uploadImage',
    summary: 'Upload an image without a mask, or a ZIP of several',
    description:
      'For jobs of classification, and for `media_id` of `POST /api/inference/execute`. Images with masks, for inpainting, go ' +
      'to `POST /api/datasets/data`. Text fields may come before or after the file.',
    tag: 'Datasets',
    access: 'user',
    scope: 'datasets:write',
    params: idParams,
    query: dryRunQuery,
    body: multipart(imageFields, [{ name: 'content', required: true, description: 'The image or ZIP' }], {
      metered: true,
    }),
    idempotent: true,
    responses: [
      { status: 201, description: 'The images were added', schema: imagesAdded },
      { status: 200, description: 'With `dryRun=true`: the price; nothing is stored', schema: uploadQuote },
    ],
    errors: [404, 408, 413, 415, 422, 507],
  }),
  tags: operation({
    method: 'get',
    path: '/api/tags',
    operationId: 'listTags',
    summary: "Tags in use on the caller's datasets",
    tag: 'Datasets',
    access: 'user',
    scope: 'datasets:read',
    responses: [
      {
        status: 200,
        description: 'Distinct tags in alphabetical order, the first 1000 of the caller',
        schema: z.object({ tags: z.array(z.string()) }).meta({ id: 'TagList' }),
      },
    ],
  }),
};
