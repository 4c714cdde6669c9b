import { z } from 'zod';
import { hiddenCharacterIn } from '../domain/hidden-characters.js';
import { MAX_UPLOAD_NAME_LENGTH, UPLOAD_KINDS } from '../domain/incoming-upload.js';
import { id, idParams } from './common.schema.js';
import { datasetName } from './named-dataset.schema.js';
import { operation } from './operation.js';
import { stream } from './request-body.js';
import { uploadAnswer } from './upload-answer.schema.js';
import { expectedFrames, pairOptions, uploadName } from './upload.schema.js';

const about = { tag: 'Uploads', access: 'user', scope: 'datasets:write' } as const;

/** Version of the protocol. */
export const TUS_VERSION = '1.0.0';
/** Path of the uploads. */
export const TUS_PATH = '/api/uploads/tus';
/** Content type of the bytes of a file. */
const OFFSET_TYPE = 'application/offset+octet-stream';

/** Responses to `OPTIONS`. */
const optionsHeaders = {
  'Tus-Resumable': TUS_VERSION,
  'Tus-Version': TUS_VERSION,
  'Tus-Extension': 'creation,creation-with-upload,expiration,termination,checksum',
  'Tus-Checksum-Algorithm': 'sha1,sha256,md5',
};

/** Extensions of files by media type, for clients that send no name. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  'video/mp4': 'mp4',
  'video/quicktime': 'mov',
  'video/webm': 'webm',
  'video/x-matroska': 'mkv',
  'video/x-msvideo': 'avi',
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/webp': 'webp',
  'image/tiff': 'tiff',
  'image/avif': 'avif',
  'image/heic': 'heic',
  'application/zip': 'zip',
  'application/x-zip-compressed': 'zip',
};

const fileName = z
  .string()
  .normalize('NFC')
  .superRefine((text, context) => {
    const hidden = hiddenCharacterIn(text);
    if (hidden !== null)
      context.addIssue({ code: 'custom', message: `contains the invisible character ${hidden}` });
  })
  .transform((text) => Array.from(text.trim()).slice(-MAX_UPLOAD_NAME_LENGTH).join(''));

const numberText = (schema: z.ZodNumber) => z.coerce.number().pipe(schema);

/** Values of `Upload-Metadata`; other keys, which general clients send, do not matter. */
export const tusMetadata = z
  .object({
    dataset: z.union([id, datasetName]).optional(),
    datasetId: id.optional(),
    datasetName: datasetName.optional(),
    name: uploadName.optional(),
    filename: fileName.optional(),
    filetype: z.string().max(200).optional(),
    kind: z.enum(UPLOAD_KINDS).optional(),
    role: z.enum(['source', 'mask']).optional(),
    sourceUploadId: id.optional(),
    frames: numberText(expectedFrames).optional(),
    fps: numberText(pairOptions.fps.unwrap()).optional(),
    strict: z
      .enum(['true', 'false'])
      .transform((text) => text === 'true')
      .optional(),
  })
  .superRefine(({ dataset, datasetId, datasetName: named, name, filename }, context) => {
    if ([dataset, datasetId, named].filter((value) => value !== undefined).length !== 1)
      context.addIssue({
        code: 'custom',
        path: ['dataset'],
        message: 'give the id or the name of a dataset as dataset, datasetId or datasetName',
      });
    if (name === undefined && (filename ?? '') === '')
      context.addIssue({ code: 'custom', path: ['filename'], message: 'give filename, name or both' });
  })
  .transform(({ dataset, datasetId, datasetName: named, name, filename = '', filetype = '', ...rest }) => {
    const isId = dataset !== undefined && id.safeParse(dataset).success;
    const byId = datasetId ?? (isId ? dataset : undefined);
    const extension = /\.([A-Za-z0-9]{1,16})$/.exec(filename)?.[1]?.toLowerCase();
    return {
      ...rest,
      dataset: byId === undefined ? { name: named ?? dataset ?? '' } : { id: byId },
      name: name ?? filename,
      extension: extension ?? EXTENSIONS[filetype.toLowerCase()] ?? '',
    };
  });

const headers = {
  'Tus-Resumable': 'Version of the protocol',
  'Upload-Offset': 'Bytes received so far',
};
const mediaId = { 'Media-Id': 'First stored media, once all bytes have arrived' };

/** Resumable uploads by tus 1.0. */
export const tusOperations = {
  create: operation({
    ...about,
    method: 'post',
    path: TUS_PATH,
    operationId: 'createTusUpload',
    summary: 'Start a resumable upload (tus 1.0)',
    description:
      '`Upload-Length` is the size; `Upload-Metadata` has `dataset` (id or name), `filename` or `name`, and optionally `filetype`, `kind`, `role`, `sourceUploadId`, `frames`, `fps`, `strict`, each in base64. The body may have the first bytes. The quotas are checked and the estimated price is held now. Use a client of tus; see docs/uploads.md.',
    body: stream('The first bytes of the file, or nothing', [OFFSET_TYPE]),
    optionsHeaders,
    responses: [
      {
        status: 201,
        description: 'The upload was created',
        headers: { ...headers, ...mediaId, Location: 'Path of the upload', 'Upload-Expires': 'When it ends' },
      },
    ],
    errors: [404, 409, 410, 412, 422, 460],
  }),
  append: operation({
    ...about,
    method: 'patch',
    path: `${TUS_PATH}/:id`,
    operationId: 'appendToTusUpload',
    summary: 'Send bytes of a resumable upload (tus 1.0)',
    description:
      '`Upload-Offset` is the number of bytes sent before. The request with the last byte checks the file and adds it to its dataset, as an upload in one request does.',
    params: idParams,
    body: stream('The bytes from `Upload-Offset` on', [OFFSET_TYPE]),
    optionsHeaders,
    responses: [{ status: 204, description: 'The bytes were stored', headers: { ...headers, ...mediaId } }],
    errors: [401, 404, 409, 410, 412, 422, 460],
  }),
  get: operation({
    ...about,
    method: 'get',
    path: `${TUS_PATH}/:id`,
    operationId: 'getTusUpload',
    summary: 'A resumable upload; `HEAD` answers its offset (tus 1.0)',
    description:
      '`HEAD` completes an upload whose last response was lost. `GET` shows the upload and, after its completion, what was stored.',
    params: idParams,
    optionsHeaders,
    responses: [
      {
        status: 200,
        description: 'The upload; `HEAD` without a body',
        schema: uploadAnswer,
        headers: { ...headers, 'Upload-Length': 'Size of the file', 'Upload-Metadata': 'As it was sent' },
      },
    ],
    errors: [401, 404, 409, 410, 412, 413, 415, 422, 507],
  }),
  remove: operation({
    ...about,
    method: 'delete',
    path: `${TUS_PATH}/:id`,
    operationId: 'terminateTusUpload',
    summary: 'End a resumable upload; its bytes are removed and its hold is released (tus 1.0)',
    params: idParams,
    optionsHeaders,
    responses: [{ status: 204, description: 'Ended' }],
    errors: [404, 409, 412],
  }),
};
