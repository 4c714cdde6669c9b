import { z } from 'zod';
import { MASK_READINGS } from '../domain/dataset.js';
import { PREVIEW_STATUSES, THUMBNAIL_FORMATS } from '../domain/preview.js';
import { id, timestamp } from './common.schema.js';
import { mediaWarnings } from './upload-report.schema.js';

const status = z.enum([...PREVIEW_STATUSES, 'none']).meta({
  description: '`none`: not made of this kind of media, or not by this server',
});
const url = z.url().meta({ description: 'Signed link, valid for 15 minutes' });
const size = { width: z.number().int(), height: z.number().int() };
const file = { type: z.string(), bytes: z.number().int(), ...size, url };

/** State of a preview with its reason, and its fields where it is ready. */
const preview = <Fields extends z.ZodRawShape>(fields: Fields) =>
  z.object({
    status,
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    ...fields,
  });

const wholeFile = z.object(file).nullable();
const frameShown = z.number().int().nullable().meta({ description: 'The frame that a video shows, from 0' });

const md5 = z.string().nullable().meta({ description: 'Null until the preview `md5` is ready' });

const facts = {
  id,
  datasetId: id,
  kind: z.enum(['image', 'video']),
  role: z.enum(['source', 'mask']),
  name: z.string(),
  container: z.string().meta({ description: 'Format of the stored file', example: 'mp4' }),
  ...size,
  frameCount: z.number().int(),
  fps: z.number().nullable(),
  durationSeconds: z.number().nullable(),
  bytes: z.number().int(),
  sha256: z.string(),
  md5,
  mask: z
    .object({ share: z.number(), reading: z.enum(MASK_READINGS) })
    .nullable()
    .meta({ description: 'Of masks: share of the hole, 0 to 1, and how its paint was detected' }),
  warnings: mediaWarnings,
  createdAt: timestamp,
};

const previewStates = z.object({
  thumbnail: status,
  poster: status,
  filmstrip: status,
  proxy: status,
  md5: status,
});

const allPreviews = z.object({
  thumbnail: preview({
    frame: frameShown,
    files: z.array(z.object({ nominalWidth: z.number().int(), format: z.enum(THUMBNAIL_FORMATS), ...file })),
  }),
  poster: preview({ frame: frameShown, file: wholeFile }),
  filmstrip: preview({
    frames: z.number().int().nullable().meta({ description: 'Number of its frames' }),
    url: url.nullable().meta({ description: 'Signed link to the index as JSON' }),
    vttUrl: url.nullable().meta({ description: 'Signed link to the index as WebVTT, for players' }),
  }),
  proxy: preview({
    codec: z.enum(['h264', 'hevc']).nullable(),
    sound: z.boolean().nullable(),
    file: wholeFile,
  }),
  md5: preview({}),
});

const resultFacts = {
  position: z.number().int().meta({ description: 'Index among the images and videos of the result, from 0' }),
  name: z.string().meta({ description: 'Path in the ZIP', example: 'matches/frame-000120.jpg' }),
  kind: z.enum(['image', 'video']),
  type: z.string(),
  bytes: z.number().int(),
  sha256: z.string(),
  md5,
  contentUrl: url,
};

/** An image or a video of a result as an entry of a list. */
export const listedResultMedia = z
  .object({
    ...resultFacts,
    previews: previewStates,
    thumbnailUrl: url
      .nullable()
      .meta({ description: 'Signed link to the thumbnail; null until it is ready' }),
    url: z.string().meta({
      description: 'Path of this description',
      example: '/api/jobs/0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c/media/0',
    }),
  })
  .meta({ id: 'ListedResultMedia' });

/** An image or a video of a result with all its previews. */
export const resultMediaDetails = z
  .object({ ...resultFacts, previews: allPreviews })
  .meta({ id: 'ResultMedia' });

/** A media as an entry of a list. */
export const listedMedia = z
  .object({
    ...facts,
    previews: previewStates,
    thumbnailUrl: url
      .nullable()
      .meta({ description: 'Signed link to the thumbnail; null until it is ready' }),
    url: z
      .string()
      .meta({ description: 'Path of the media', example: '/api/media/0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c' }),
  })
  .meta({ id: 'ListedMedia' });

/** A media with all its previews. */
export const mediaDetails = z
  .object({
    ...facts,
    contentUrl: url,
    frameUrl: z
      .string()
      .nullable()
      .meta({ description: 'Path of a frame of a video; replace `{index}`. Needs a token' }),
    previews: allPreviews,
  })
  .meta({ id: 'Media' });

/** The index of a filmstrip. */
export const filmstrip = z
  .object({
    durationSeconds: z.number(),
    ...size,
    frames: z.array(
      z.object({
        index: z.number().int().meta({ description: 'Frame of the video, from 0' }),
        seconds: z.number(),
        url,
        sheet: z.number().int(),
        left: z.number().int(),
        top: z.number().int(),
      }),
    ),
    tile: z.object(size).meta({ description: 'Size of a tile; each frame names its sheet and its corner' }),
    sheets: z.array(url),
    vttUrl: url,
  })
  .meta({ id: 'Filmstrip' });
