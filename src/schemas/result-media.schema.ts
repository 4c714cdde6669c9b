import { z } from 'zod';
import { idParams } from './common.schema.js';
import { filmstrip, listedResultMedia, resultMediaDetails } from './media-answers.schema.js';
import { operation } from './operation.js';
import {
  FILE_ERRORS,
  fileAnswers,
  fileNumber,
  filePageQuery,
  fileQuery,
  filmstripQuery,
  NOT_READY,
  thumbnailQuery,
} from './preview-file.schema.js';

const READ = { tag: 'Media', access: 'user', scope: 'jobs:read' } as const;
const LINK = { tag: 'Media', access: 'link', scope: 'jobs:read' } as const;

const params = idParams.extend({
  position: fileNumber.meta({ description: 'Index among the images and videos of the result, from 0' }),
});
const of = '/api/jobs/:id/media/:position';

/** Images and videos of results, and their previews. */
export const resultMediaOperations = {
  list: operation({
    method: 'get',
    path: '/api/jobs/:id/media',
    operationId: 'listResultMedia',
    summary: 'The images and videos of a result',
    description:
      'In the order of the ZIP, with the states of their previews. 409 until the job is COMPLETED, 410 when the result is gone.',
    ...READ,
    params: idParams,
    query: z.strictObject(filePageQuery),
    responses: [
      {
        status: 200,
        description: 'One page; the header `Link` names the next one',
        schema: z
          .object({ media: z.array(listedResultMedia), nextCursor: z.string().nullable() })
          .meta({ id: 'ResultMediaList' }),
      },
    ],
    errors: [404, 409, 410],
  }),
  get: operation({
    method: 'get',
    path: of,
    operationId: 'getResultMedia',
    summary: 'An image or a video of a result with its previews, their states and links',
    ...READ,
    params,
    responses: [{ status: 200, description: 'The file', schema: resultMediaDetails }],
    errors: [404, 409, 410],
  }),
  content: operation({
    method: 'get',
    path: `${of}/content`,
    operationId: 'downloadResultMedia',
    summary: 'The image or the video itself',
    ...LINK,
    params,
    query: fileQuery,
    responses: fileAnswers('The file'),
    errors: FILE_ERRORS,
  }),
  thumbnail: operation({
    method: 'get',
    path: `${of}/thumbnail`,
    operationId: 'getResultThumbnail',
    summary: 'A small image of an image or a video of a result',
    description: `Images narrower than the width come in their own size. ${NOT_READY}`,
    ...LINK,
    params,
    query: thumbnailQuery,
    responses: fileAnswers('The image'),
    errors: FILE_ERRORS,
  }),
  poster: operation({
    method: 'get',
    path: `${of}/poster`,
    operationId: 'getResultPoster',
    summary: 'A frame of a video of a result at the size of a screen',
    description: NOT_READY,
    ...LINK,
    params,
    query: fileQuery,
    responses: fileAnswers('The image'),
    errors: FILE_ERRORS,
  }),
  proxy: operation({
    method: 'get',
    path: `${of}/proxy`,
    operationId: 'getResultProxy',
    summary: 'A copy of a video of a result that browsers play',
    description: NOT_READY,
    ...LINK,
    params,
    query: fileQuery,
    responses: fileAnswers('The MP4'),
    errors: FILE_ERRORS,
  }),
  filmstrip: operation({
    method: 'get',
    path: `${of}/filmstrip`,
    operationId: 'getResultFilmstrip',
    summary: 'The index of the filmstrip of a video of a result, as JSON or as WebVTT for players',
    description: NOT_READY,
    ...LINK,
    params,
    query: filmstripQuery,
    responses: [{ status: 200, description: 'The index', schema: filmstrip, contentType: 'text/vtt' }],
    errors: [403, 404, 409, 410],
  }),
  filmstripFrame: operation({
    method: 'get',
    path: `${of}/filmstrip/:frame`,
    operationId: 'getResultFilmstripFrame',
    summary: 'One frame of the filmstrip of a video of a result',
    description: NOT_READY,
    ...LINK,
    params: params.extend({ frame: fileNumber }),
    query: fileQuery,
    responses: fileAnswers('The image'),
    errors: FILE_ERRORS,
  }),
  filmstripSheet: operation({
    method: 'get',
    path: `${of}/filmstrip/sheets/:sheet`,
    operationId: 'getResultFilmstripSheet',
    summary: 'One sheet of tiles of the filmstrip of a video of a result',
    description: NOT_READY,
    ...LINK,
    params: params.extend({ sheet: fileNumber }),
    query: fileQuery,
    responses: fileAnswers('The image'),
    errors: FILE_ERRORS,
  }),
};
