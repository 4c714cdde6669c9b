import { z } from 'zod';
import { UPLOAD_KINDS, UPLOAD_PROTOCOLS, UPLOAD_STATES } from '../domain/incoming-upload.js';
import { credits, id, timestamp } from './common.schema.js';
import { archiveImported } from './dataset-archive.schema.js';
import { imagesAdded, videosAdded } from './dataset-answers.schema.js';
import { pairsUploaded } from './named-dataset-answers.schema.js';

const estimate = z
  .object({
    preset: z.string(),
    version: z.number().int(),
    total: credits,
    lines: z.array(
      z.object({ unit: z.string(), count: z.number().int(), unitPrice: credits, amount: credits }),
    ),
  })
  .meta({
    id: 'UploadEstimate',
    description: 'Estimated price, which is held while the upload is unfinished',
  });

const result = z
  .union([videosAdded, imagesAdded, pairsUploaded, archiveImported])
  .nullable()
  .meta({ description: 'What was stored and charged, as for an upload in one request' });

/** An upload in several requests. */
const upload = z
  .object({
    uploadId: id,
    protocol: z.enum(UPLOAD_PROTOCOLS),
    state: z.enum(UPLOAD_STATES).meta({
      description: '`received` waits for the other file of its pair; `refused` has the reason in `problem`',
    }),
    datasetId: id,
    kind: z.enum(UPLOAD_KINDS),
    role: z.enum(['source', 'mask']),
    sourceUploadId: id.nullable(),
    name: z.string(),
    extension: z.string(),
    size: z.number().int().nullable(),
    partSize: z.number().int().nullable().meta({ description: 'Size of all parts but the last' }),
    partCount: z.number().int().nullable(),
    quote: estimate,
    createdAt: timestamp,
    expiresAt: timestamp.meta({ description: 'When it ends unless it is completed' }),
    finishedAt: timestamp.nullable(),
    problem: z.object({ code: z.string(), message: z.string() }).nullable(),
    result,
  })
  .meta({ id: 'Upload' });

/** One page of uploads. */
export const uploadPage = z
  .object({ data: z.array(upload), nextCursor: z.string().nullable(), hasMore: z.boolean() })
  .meta({ id: 'UploadPage' });

/** An upload after its completion. */
export const uploadAnswer = z.object({ upload }).meta({ id: 'UploadAnswer' });

/** A multipart upload with the parts that have arrived. */
export const uploadWithParts = z
  .object({
    upload,
    parts: z.array(
      z.object({
        partNumber: z.number().int(),
        etag: z.string(),
        bytes: z
          .number()
          .int()
          .nullable()
          .meta({ description: 'Null when a part of undeclared size was joined to the others' }),
      }),
    ),
  })
  .meta({ id: 'UploadWithParts' });

const expiresAt = timestamp.meta({ description: 'When the URLs expire' });

/** A new multipart upload. */
export const uploadCreated = z
  .object({
    uploadId: id,
    urls: z.array(z.string()).meta({ description: 'URLs of the parts in order, for `PUT`' }),
    partSize: z
      .number()
      .int()
      .meta({ description: 'Exact size of all parts but the last; the largest one if no size was given' }),
    expiresAt,
    quote: estimate,
    upload,
  })
  .meta({ id: 'MultipartUploadCreated' });

/** URLs of parts. */
export const partUrls = z
  .object({
    uploadId: id,
    urls: z.array(z.object({ partNumber: z.number().int(), url: z.string() })),
    expiresAt,
  })
  .meta({ id: 'PartUrls' });
