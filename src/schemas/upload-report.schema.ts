import { z } from 'zod';
import { MASK_READINGS } from '../domain/dataset.js';
import { id, quoteResponse } from './common.schema.js';

/** How a stored file was read. */
export const mediaWarnings = z
  .array(z.string())
  .meta({ description: 'How the file was read where that may be unexpected' });

/** What became of one file of an upload. */
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
    .meta({ description: 'Part of a mask that is hole; of a mask video on average' }),
  nonBinaryShare: z
    .number()
    .optional()
    .meta({ description: 'Part of a mask that was neither black nor white' }),
  maskReading: z.enum(MASK_READINGS).optional().meta({ description: 'How the paint of a mask was detected' }),
  warnings: z
    .array(z.string())
    .optional()
    .meta({ description: 'How the file was read where that may be unexpected' }),
});

/** What the owner should know of the stored files. */
export const uploadWarnings = z.array(z.string()).meta({
  description: 'How stored files were read where that may be unexpected, each with the name of the file',
  example: ['scan.tif: Only the first of 3 frames or pages was taken.'],
});

/** The price of an upload, and what would become of its files. */
export const uploadQuote = quoteResponse
  .extend({
    files: z.array(datasetFileReport).optional().meta({
      description: 'What would become of every file, as the upload itself would say; the ids are missing',
    }),
  })
  .meta({ id: 'UploadQuote' });
