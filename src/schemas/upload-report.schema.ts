import { z } from 'zod';
import { MASK_READINGS } from '../domain/dataset.js';
import { id, quoteResponse } from './common.schema.js';

/** Warnings about how a stored file was read. */
export const mediaWarnings = z
  .array(z.string())
  .meta({ description: 'Notes on how the file was read where that may be unexpected' });

/** Outcome of one file of an upload. */
export const datasetFileReport = z.object({
  entry: z.string().meta({ description: 'Name inside the archive' }),
  outcome: z.enum(['stored', 'ignored', 'refused']),
  id: id.optional(),
  name: z.string().optional(),
  frames: z.number().int().optional(),
  code: z.string().optional(),
  reason: z.string().optional(),
  role: z.enum(['source', 'mask']).optional(),
  pairedWith: z.string().optional(),
  holeShare: z
    .number()
    .optional()
    .meta({ description: 'Share of a mask that is to be filled, averaged over a mask video' }),
  nonBinaryShare: z
    .number()
    .optional()
    .meta({ description: 'Share of a mask that was neither black nor white' }),
  maskReading: z
    .enum(MASK_READINGS)
    .optional()
    .meta({ description: 'How the painted area of a mask was detected' }),
  warnings: z
    .array(z.string())
    .optional()
    .meta({ description: 'Notes on how the file was read where that may be unexpected' }),
});

/** Warnings for the owner about stored files. */
export const uploadWarnings = z.array(z.string()).meta({
  description:
    'Notes on how stored files were read where that may be unexpected, each with the name of the file',
  example: ['scan.tif: Only the first of 3 frames or pages was used.'],
});

/** The price of an upload and the outcome of its files. */
export const uploadQuote = quoteResponse
  .extend({
    files: z.array(datasetFileReport).optional().meta({
      description: 'Outcome of each file, as the upload would report it, without ids',
    }),
  })
  .meta({ id: 'UploadQuote' });
