import { z } from 'zod';
import { MEDIA_SORTS } from '../domain/media-list.js';
import { FRAME_FORMATS } from '../domain/preview.js';
import { id, idParams } from './common.schema.js';
import { operation, type SuccessResponse } from './operation.js';
import { filmstrip, listedMedia, mediaDetails } from './media-answers.schema.js';
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

const MAX_SEARCH_LENGTH = 200;

const listQuery = {
  kind: z.enum(['image', 'video']).optional(),
  role: z.enum(['source', 'mask']).optional(),
  search: z
    .string()
    .trim()
    .min(1)
    .max(MAX_SEARCH_LENGTH)
    .optional()
    .meta({ description: 'Part of the name, in any case' }),
  sort: z
    .enum(MEDIA_SORTS)
    .default('createdAt')
    .meta({ description: '`createdAt` by default; `duration` in seconds, `frames` by their number' }),
  order: z
    .enum(['asc', 'desc'])
    .optional()
    .meta({ description: '`asc` for names, otherwise `desc` by default' }),
  ...filePageQuery,
};

const listAnswer: SuccessResponse = {
  status: 200,
  description: 'One page of media; the header `Link` names the next one',
  schema: z
    .object({ media: z.array(listedMedia), nextCursor: z.string().nullable() })
    .meta({ id: 'MediaList' }),
};

const READ = { tag: 'Media', access: 'user', scope: 'datasets:read' } as const;
const LINK = { tag: 'Media', access: 'link', scope: 'datasets:read' } as const;

/** Media and their previews. */
export const mediaOperations = {
  list: operation({
    method: 'get',
    path: '/api/media',
    operationId: 'listMedia',
    summary: "The caller's media in all datasets",
    ...READ,
    query: z.strictObject({ dataset: id.optional(), ...listQuery }),
    responses: [listAnswer],
    errors: [404],
  }),
  ofDataset: operation({
    method: 'get',
    path: '/api/dataset/:id/media',
    operationId: 'listDatasetMedia',
    summary: 'The media of a dataset: sources and masks',
    ...READ,
    params: idParams,
    query: z.strictObject(listQuery),
    responses: [listAnswer],
    errors: [404],
  }),
  get: operation({
    method: 'get',
    path: '/api/media/:id',
    operationId: 'getMedia',
    summary: 'A media with its previews, their states and links',
    ...READ,
    params: idParams,
    responses: [{ status: 200, description: 'The media', schema: mediaDetails }],
    errors: [404],
  }),
  content: operation({
    method: 'get',
    path: '/api/media/:id/content',
    operationId: 'downloadMedia',
    summary: 'The stored file',
    ...LINK,
    params: idParams,
    query: fileQuery,
    responses: fileAnswers('The file'),
    errors: [403, 404, 410, 416],
  }),
  thumbnail: operation({
    method: 'get',
    path: '/api/media/:id/thumbnail',
    operationId: 'getThumbnail',
    summary: 'A small image of a media',
    description: `Images narrower than the width come in their own size. ${NOT_READY}`,
    ...LINK,
    params: idParams,
    query: thumbnailQuery,
    responses: fileAnswers('The image'),
    errors: FILE_ERRORS,
  }),
  poster: operation({
    method: 'get',
    path: '/api/media/:id/poster',
    operationId: 'getPoster',
    summary: 'A frame of a video at the size of a screen',
    description: NOT_READY,
    ...LINK,
    params: idParams,
    query: fileQuery,
    responses: fileAnswers('The image'),
    errors: FILE_ERRORS,
  }),
  proxy: operation({
    method: 'get',
    path: '/api/media/:id/proxy',
    operationId: 'getProxy',
    summary: 'A copy of a video that browsers play',
    description: NOT_READY,
    ...LINK,
    params: idParams,
    query: fileQuery,
    responses: fileAnswers('The MP4'),
    errors: FILE_ERRORS,
  }),
  filmstrip: operation({
    method: 'get',
    path: '/api/media/:id/filmstrip',
    operationId: 'getFilmstrip',
    summary: 'The index of a filmstrip, as JSON or as WebVTT for players',
    description: NOT_READY,
    ...LINK,
    params: idParams,
    query: filmstripQuery,
    responses: [{ status: 200, description: 'The index', schema: filmstrip, contentType: 'text/vtt' }],
    errors: [403, 404, 409],
  }),
  filmstripFrame: operation({
    method: 'get',
    path: '/api/media/:id/filmstrip/:position',
    operationId: 'getFilmstripFrame',
    summary: 'One frame of a filmstrip',
    description: NOT_READY,
    ...LINK,
    params: idParams.extend({ position: fileNumber }),
    query: fileQuery,
    responses: fileAnswers('The image'),
    errors: FILE_ERRORS,
  }),
  filmstripSheet: operation({
    method: 'get',
    path: '/api/media/:id/filmstrip/sheets/:position',
    operationId: 'getFilmstripSheet',
    summary: 'One sheet of tiles of a filmstrip',
    description: NOT_READY,
    ...LINK,
    params: idParams.extend({ position: fileNumber }),
    query: fileQuery,
    responses: fileAnswers('The image'),
    errors: FILE_ERRORS,
  }),
  frame: operation({
    method: 'get',
    path: '/api/media/:id/frames/:index',
    operationId: 'getFrame',
    summary: 'Any frame of a video',
    description:
      'Decoded when it is asked for, upright, in the stored size, HDR tone-mapped. At most half as many frames as cores are decoded at once; 503 `BUSY` when too many wait.',
    ...LINK,
    params: idParams.extend({ index: fileNumber }),
    query: fileQuery.extend({ format: z.enum(FRAME_FORMATS).default('jpeg') }),
    responses: fileAnswers('The image'),
    errors: [403, 404, 410, 413, 416, 422, 504],
  }),
};
