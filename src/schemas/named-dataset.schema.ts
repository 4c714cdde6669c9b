import { z } from 'zod';
import { MAX_DATASET_NAME_LENGTH } from '../domain/dataset.js';
import { DATASET_CONTENTS } from '../domain/listing.js';
import {
  dryRunQuery,
  flag,
  id,
  lineOfText,
  linkQuery,
  repeated,
  saveQuery,
  tag,
  tagList,
} from './common.schema.js';
import { acknowledged, envelope, numberedPage, pageFacts } from './envelope.schema.js';
import { MAX_MASK_TEXT_BYTES, maskText } from './mask-shapes.schema.js';
import { datasetRow, namedDatasetCreated, pairItem, pairsUploaded } from './named-dataset-answers.schema.js';
import { MEDIA_TYPES, operation } from './operation.js';
import { json, multipart } from './request-body.js';
import { uploadQuote } from './upload-report.schema.js';

/** Name of a dataset, unique among the owner's datasets that are not deleted. */
export const datasetName = lineOfText(MAX_DATASET_NAME_LENGTH).meta({ example: 'Inpainting dataset' });
const exampleTags = ['Inpainting', 'Damage', 'Mask'];
const nameParams = z.strictObject({ name: datasetName });
const deletedQuery = { includeDeleted: flag.optional().meta({ description: 'Also find a deleted dataset' }) };

const updateBody = z
  .strictObject({ name: datasetName.optional(), tags: tagList.optional().meta({ example: exampleTags }) })
  .refine((changes) => changes.name !== undefined || changes.tags !== undefined, {
    error: 'Give a name, tags or both.',
  })
  .meta({ id: 'NamedDatasetChanges' });

const uploadFields = z
  .strictObject({
    datasetName,
    fps: z.coerce
      .number()
      .positive()
      .max(240)
      .optional()
      .meta({ default: 1, description: 'Frames per second at which a video is sampled and charged' }),
    strict: flag
      .optional()
      .meta({ default: 'false', description: 'Reject masks with pixels that are neither black nor white' }),
    mask: maskText.optional(),
    maskFit: z.enum(['exact', 'scale']).optional().meta({
      default: 'exact',
      description: 'Whether mask images of another size are scaled to their images or refused',
    }),
  })
  .meta({ id: 'PairUploadFields' });

const listQuery = z.strictObject({
  ...numberedPage(10),
  ...deletedQuery,
  tags: repeated(tag).optional().meta({ description: 'Only datasets with one of these tags' }),
});

/** Maximum number of images and videos of one form. */
const MAX_FORM_IMAGES = 100;

/** Datasets addressed by name, with images, videos and masks. */
export const namedDatasetOperations = {
  create: operation({
    method: 'post',
    path: '/api/datasets',
    operationId: 'createNamedDataset',
    summary: 'Create an empty dataset',
    tag: 'Datasets by name',
    access: 'user',
    scope: 'datasets:write',
    body: json(
      z
        .strictObject({ name: datasetName, tags: tagList.default([]).meta({ example: exampleTags }) })
        .meta({ id: 'NewNamedDataset' }),
    ),
    responses: [
      {
        status: 201,
        description: 'The new dataset',
        schema: z
          .object({
            success: z.literal(true),
            message: z.literal('Empty dataset created successfully'),
            dataset: namedDatasetCreated,
          })
          .meta({ id: 'NamedDatasetCreated' }),
      },
    ],
    errors: [409],
  }),
  addData: operation({
    method: 'post',
    path: '/api/datasets/data',
    operationId: 'uploadPairs',
    summary: 'Upload images or videos with a mask, or a ZIP of such pairs',
    description:
      'The painted area of the mask will be filled: white (above 127), a strong colour on a black or white background, or an erased area; `maskReading` tells which. A ZIP is sent in the field `image`; its files are paired by folder and ' +
      'number, and unusable files are reported in `files` without failing the others. The mask is used for all images of the form, and for those of a ZIP without a mask of their own. In place of a file, `mask` may be the text `alpha` or shapes as JSON.',
    tag: 'Datasets by name',
    access: 'user',
    scope: 'datasets:write',
    query: dryRunQuery,
    body: multipart(
      uploadFields,
      [
        {
          name: 'image',
          required: true,
          maxFiles: MAX_FORM_IMAGES,
          description: `1 to ${String(MAX_FORM_IMAGES)} images or videos, or one ZIP`,
        },
        { name: 'mask', required: false, description: 'Mask as image or video, `alpha`, or shapes as JSON' },
      ],
      { metered: true, textBytes: MAX_MASK_TEXT_BYTES, values: ['mask'] },
    ),
    idempotent: true,
    responses: [
      { status: 201, description: 'What was stored', schema: pairsUploaded },
      { status: 200, description: 'With `dryRun=true`: the price; nothing is stored', schema: uploadQuote },
    ],
    errors: [404, 408, 413, 415, 422, 507],
  }),
  list: operation({
    method: 'get',
    path: '/api/datasets',
    operationId: 'listNamedDatasets',
    summary: "The caller's datasets, newest first",
    tag: 'Datasets by name',
    access: 'user',
    scope: 'datasets:read',
    query: listQuery,
    responses: [
      {
        status: 200,
        description: 'One page of datasets',
        schema: envelope('Datasets retrieved successfully', z.array(datasetRow))
          .extend(pageFacts)
          .meta({ id: 'NamedDatasetList' }),
      },
    ],
  }),
  get: operation({
    method: 'get',
    path: '/api/datasets/:name',
    operationId: 'getNamedDataset',
    summary: 'One dataset',
    tag: 'Datasets by name',
    access: 'user',
    scope: 'datasets:read',
    params: nameParams,
    query: z.strictObject(deletedQuery),
    responses: [
      {
        status: 200,
        description: 'The dataset',
        schema: envelope('Dataset retrieved successfully', datasetRow).meta({ id: 'NamedDatasetFound' }),
      },
    ],
    errors: [404],
  }),
  items: operation({
    method: 'get',
    path: '/api/datasets/:name/data',
    operationId: 'listDatasetItems',
    summary: 'Images and sampled video frames of a dataset with their masks',
    tag: 'Datasets by name',
    access: 'user',
    scope: 'datasets:read',
    params: nameParams,
    query: z.strictObject({ ...numberedPage(10), ...deletedQuery }),
    responses: [
      {
        status: 200,
        description: 'One page of items',
        schema: envelope(
          'Dataset data retrieved successfully',
          z.object({
            name: z.string(),
            type: z.enum(DATASET_CONTENTS),
            ...pageFacts,
            items: z.array(pairItem),
          }),
        ).meta({ id: 'DatasetItems' }),
      },
    ],
    errors: [404],
  }),
  file: operation({
    method: 'get',
    path: '/api/datasets/:name/:type/:filename',
    operationId: 'viewDatasetFile',
    summary: 'One image, video, mask or sampled frame of a dataset',
    description:
      'With a bearer token, or by the signed `imageUrl` and `maskUrl` of the items. Supports ranges.',
    tag: 'Datasets by name',
    access: 'link',
    scope: 'datasets:read',
    params: z.strictObject({
      name: datasetName,
      type: z.enum(['image', 'mask']),
      filename: z.string().min(1).max(100).meta({ example: 'image_1.png' }),
    }),
    query: linkQuery.extend({ ...deletedQuery, ...saveQuery }),
    responses: [
      { status: 200, description: 'The file', contentType: MEDIA_TYPES },
      { status: 206, description: 'The requested range of the file', contentType: MEDIA_TYPES },
      { status: 304, description: 'Unchanged since `If-None-Match`' },
    ],
    errors: [403, 404, 410, 416],
  }),
  update: operation({
    method: 'put',
    path: '/api/datasets/:name',
    operationId: 'updateNamedDataset',
    summary: 'Change name, tags or both',
    tag: 'Datasets by name',
    access: 'user',
    scope: 'datasets:write',
    params: nameParams,
    body: json(updateBody),
    responses: [
      {
        status: 200,
        description: 'The changed fields',
        // The misspelling is part of the published API.
        schema: envelope(
          'Dataset updated succesfully',
          z.object({
            userId: id,
            name: z.string(),
            tags: z.array(z.string()),
            itemCount: z.number().int(),
            changes: z.object({ nameChanged: z.boolean(), tagsChanged: z.boolean() }),
          }),
        ).meta({ id: 'NamedDatasetUpdated' }),
      },
    ],
    errors: [404, 409],
  }),
  remove: operation({
    method: 'delete',
    path: '/api/datasets/:name',
    operationId: 'deleteNamedDataset',
    summary: 'Soft-delete a dataset; its name can be used again',
    tag: 'Datasets by name',
    access: 'user',
    scope: 'datasets:write',
    params: nameParams,
    responses: [
      {
        status: 200,
        description: 'The dataset was deleted',
        // The misspelling is part of the published API.
        schema: acknowledged('Dataset deleted succesfully').meta({ id: 'NamedDatasetDeleted' }),
      },
    ],
    errors: [404],
  }),
};
