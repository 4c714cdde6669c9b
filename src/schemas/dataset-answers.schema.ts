import { z } from 'zod';
import { credits, id, timestamp } from './common.schema.js';
import { datasetFileReport, mediaWarnings, uploadWarnings } from './upload-report.schema.js';

/** A created or updated dataset. */
export const datasetCreated = z
  .object({
    id,
    user_id: id,
    name: z.string(),
    tags: z.array(z.string()),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'Dataset' });

/** A stored video. */
export const storedVideo = z.object({
  id,
  name: z.string(),
  frame_count: z.number().int(),
  width: z.number().int(),
  height: z.number().int(),
  fps: z.number().nullable(),
  durationSeconds: z.number().nullable(),
  bytes: z.number().int(),
  sha256: z.string(),
  warnings: mediaWarnings,
});

/** A stored image. */
export const storedImage = z
  .object({
    id,
    name: z.string(),
    width: z.number().int(),
    height: z.number().int(),
    bytes: z.number().int(),
    sha256: z.string(),
    warnings: mediaWarnings,
  })
  .meta({ id: 'StoredImage' });

/** Videos added by an upload. */
export const videosAdded = z
  .object({
    message: z.string().meta({ example: 'Morning Rush Hour - video added' }),
    id,
    costDeducted: credits.meta({ example: 10 }),
    videos: z.array(z.object({ id, name: z.string(), frame_count: z.number().int(), sha256: z.string() })),
    files: z.array(datasetFileReport).optional().meta({ description: 'For `zip`: outcome of each entry' }),
    warnings: uploadWarnings,
  })
  .meta({ id: 'VideoAdded' });

/** Images added by an upload. */
export const imagesAdded = z
  .object({
    message: z.string().meta({ example: 'Crossing - image added' }),
    id,
    costDeducted: credits.meta({ example: 0.001 }),
    images: z.array(storedImage),
    files: z.array(datasetFileReport).optional().meta({ description: 'For `zip`: outcome of each entry' }),
    warnings: uploadWarnings,
  })
  .meta({ id: 'ImagesAdded' });
