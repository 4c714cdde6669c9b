import { z } from 'zod';
import { MASK_READINGS } from '../domain/dataset.js';
import { DATASET_CONTENTS } from '../domain/listing.js';
import { credits, id, timestamp } from './common.schema.js';
import { datasetFileReport, uploadWarnings } from './upload-report.schema.js';

/** A created dataset. */
export const namedDatasetCreated = z.object({
  id,
  deletedAt: timestamp.nullable(),
  userId: id,
  name: z.string(),
  data: z.null().meta({ description: 'Items are returned by their own route' }),
  tags: z.array(z.string()),
  isDeleted: z.boolean(),
  nextUploadIndex: z.number().int(),
  updatedAt: timestamp,
  createdAt: timestamp,
});

/** A dataset as an entry of the list. */
export const datasetRow = z
  .object({
    id,
    userId: id,
    name: z.string(),
    tags: z.array(z.string()),
    createdAt: timestamp,
    updatedAt: timestamp,
    deletedAt: timestamp.nullable(),
    itemCount: z.number().int().meta({ description: 'Images and sampled video frames' }),
    type: z.enum(DATASET_CONTENTS),
    isDeleted: z.boolean(),
    status: z.enum(['active', 'deleted']),
    nextUploadIndex: z.number().int(),
  })
  .meta({ id: 'DatasetSummary' });

/** An image or sampled frame with its mask. */
export const pairItem = z.object({
  index: z.number().int(),
  imagePath: z.string().meta({ example: 'datasets/0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c/image_1.png' }),
  maskPath: z.string().nullable(),
  imageUrl: z.string().meta({ description: 'Signed; works without a token for 15 minutes' }),
  maskUrl: z.string().nullable(),
  frameIndex: z
    .number()
    .int()
    .nullable()
    .meta({ description: 'Zero-based index of the sampled frame; null for images' }),
  uploadIndex: z.number().int(),
  name: z.string().meta({ description: 'Name of the uploaded file' }),
  kind: z.enum(['image', 'video']),
  width: z.number().int(),
  height: z.number().int(),
  holeShare: z
    .number()
    .nullable()
    .meta({ description: 'Share of the mask that is to be filled, averaged over a mask video' }),
  nonBinaryShare: z
    .number()
    .nullable()
    .meta({ description: 'Share of the mask that was neither black nor white' }),
  maskReading: z
    .enum(MASK_READINGS)
    .nullable()
    .meta({ description: 'How the painted area of the mask was detected' }),
  warnings: z
    .array(z.string())
    .meta({ description: 'Notes on how source and mask were read where that may be unexpected' }),
});

/** Pairs added by an upload. */
export const pairsUploaded = z
  .object({
    success: z.literal(true),
    message: z.literal('Data uploaded and processed successfully'),
    processedItems: z.number().int().meta({ description: 'Images and sampled video frames' }),
    tokenSpent: credits,
    userTokens: credits,
    tokenUsage: z.object({
      tokensSpent: credits,
      remainingBalance: credits,
      operationType: z.literal('dataset_upload'),
    }),
    files: z.array(datasetFileReport).meta({ description: 'Outcome of each file' }),
    warnings: uploadWarnings,
  })
  .meta({ id: 'PairsUploaded' });
