import { z } from 'zod';
import { PREVIEW_KINDS } from '../domain/preview.js';
import { flag, id, idParams, pageQuery, timestamp } from './common.schema.js';
import { ADMIN, operation } from './operation.js';
import { json } from './request-body.js';

const day = z.iso.date().meta({ example: '2026-05-01' });
const steps = z.array(z.enum(PREVIEW_KINDS)).min(1).max(PREVIEW_KINDS.length);

const processBody = z
  .strictObject({
    from: day.meta({ description: 'First day of the uploads, in UTC' }),
    to: day.meta({ description: 'Last day of the uploads, in UTC, included', example: '2026-05-31' }),
    steps: steps
      .transform((kinds) => [...new Set(kinds)])
      .optional()
      .meta({ description: 'All by default', example: ['thumbnail', 'filmstrip', 'proxy', 'md5'] }),
    datasetId: id.optional(),
    remake: z.boolean().default(false).meta({ description: 'Make ready previews again as well' }),
  })
  .refine(({ from, to }) => from <= to, { error: 'must not be before `from`', path: ['to'] })
  .meta({ id: 'MediaProcessRequest' });

const counts = {
  media: z.number().int().meta({ description: 'Media that match' }),
  queued: z.number().int().meta({ description: 'Previews that are missing or failed, once per content' }),
  ready: z.number().int().meta({ description: 'Previews that were ready before' }),
  waiting: z.number().int().meta({ description: 'Previews that were waiting already' }),
};

const processRun = z
  .object({
    id,
    from: day,
    to: day,
    steps,
    datasetId: id.nullable(),
    remake: z.boolean(),
    userId: id.nullable().meta({ description: 'Who asked for it; null from the command line' }),
    createdAt: timestamp,
    planned: z.boolean().meta({ description: 'Whether all media were looked at; until then counts grow' }),
    ...counts,
  })
  .meta({ id: 'MediaProcessRun' });

const processReport = processRun
  .extend({
    finished: z.boolean(),
    progress: z.object({ pending: z.number().int(), done: z.number().int(), failed: z.number().int() }).meta({
      description:
        'Of the queued previews. Those that a later run queued, or whose media were deleted, are in none of them',
    }),
    failures: z
      .array(
        z.object({
          mediaId: id,
          name: z.string(),
          step: z.enum(PREVIEW_KINDS),
          code: z.string(),
          message: z.string(),
        }),
      )
      .meta({ description: 'The first 100' }),
  })
  .meta({ id: 'MediaProcessReport' });

/** Previews of stored media, for admins. */
export const mediaProcessOperations = {
  start: operation({
    method: 'post',
    path: '/api/admin/media/process',
    operationId: 'processMedia',
    summary: 'Make missing and failed previews of stored media',
    description:
      'May be repeated: what is ready is left alone, unless `remake`. Every request is recorded in the audit log.',
    tag: 'Administration',
    ...ADMIN,
    query: z.strictObject({ dryRun: flag.optional().meta({ description: 'Only count' }) }),
    body: json(processBody),
    audited: ['from', 'to', 'steps', 'datasetId', 'remake'],
    responses: [
      { status: 202, description: 'The run was started', schema: processRun },
      {
        status: 200,
        description: 'With `dryRun=true`: what it would queue',
        schema: z.object({ dryRun: z.literal(true), ...counts }).meta({ id: 'MediaProcessQuote' }),
      },
    ],
    errors: [404],
  }),
  list: operation({
    method: 'get',
    path: '/api/admin/media/process',
    operationId: 'listMediaProcessRuns',
    summary: 'Runs over stored media, newest first',
    tag: 'Administration',
    ...ADMIN,
    query: z.strictObject(pageQuery),
    responses: [
      {
        status: 200,
        description: 'One page of runs; the header `Link` names the next one',
        schema: z
          .object({ runs: z.array(processRun), nextCursor: z.string().nullable() })
          .meta({ id: 'MediaProcessRuns' }),
      },
    ],
  }),
  get: operation({
    method: 'get',
    path: '/api/admin/media/process/:id',
    operationId: 'getMediaProcessRun',
    summary: 'A run over stored media: what was queued, done and failed',
    tag: 'Administration',
    ...ADMIN,
    params: idParams,
    responses: [{ status: 200, description: 'The run', schema: processReport }],
    errors: [404],
  }),
};
