import { z } from 'zod';
import { THUMBNAIL_FORMATS, THUMBNAIL_WIDTHS } from '../domain/preview.js';
import { linkQuery, pageQueryOf, saveQuery } from './common.schema.js';
import { MEDIA_TYPES, type OperationShape } from './operation.js';

const MAX_LISTED = 200;
const LISTED = 50;

/** Query of a page of a list of files. */
export const filePageQuery = pageQueryOf(MAX_LISTED, LISTED);

/** Query of a file that signed links reach. */
export const fileQuery = linkQuery.extend(saveQuery);

/** Responses with a file, a range of it, or nothing new. */
export const fileAnswers = (what: string): OperationShape['responses'] => [
  { status: 200, description: what, contentType: MEDIA_TYPES },
  { status: 206, description: 'The requested range', contentType: MEDIA_TYPES },
  { status: 304, description: 'Unchanged since `If-None-Match`' },
];

/** Statuses of errors of a preview. */
export const FILE_ERRORS = [403, 404, 409, 410, 416];

/** What is sent instead of a preview that is not ready. */
export const NOT_READY =
  'Until it is ready: 409 `PREVIEW_PENDING` with `Retry-After`; 404 `PREVIEW_FAILED` or `PREVIEW_NONE` where there is none.';

/** Number of one of several files, from 0. */
export const fileNumber = z.coerce.number().int().min(0).max(999_999_999);

/** Query of a thumbnail. */
export const thumbnailQuery = fileQuery.extend({
  width: z
    .enum(THUMBNAIL_WIDTHS.map(String) as [string, ...string[]])
    .default('320')
    .meta({ description: `Nominal width: ${THUMBNAIL_WIDTHS.join(', ')} pixels` }),
  format: z
    .enum(THUMBNAIL_FORMATS)
    .optional()
    .meta({ description: '`webp` where `Accept` names it, otherwise `jpeg`, unless given' }),
});

/** Query of the index of a filmstrip. */
export const filmstripQuery = linkQuery.extend({ format: z.enum(['json', 'vtt']).default('json') });
