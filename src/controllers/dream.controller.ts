import type { IncomingUpload } from '../domain/incoming-upload.js';
import type { Call } from '../middlewares/endpoint.js';
import { ok, type Reply } from '../middlewares/reply.js';
import { valueAt } from '../errors/given-value.js';
import { notFound } from '../errors/common-errors.js';
import { DREAM_DATASET, type dreamOperations } from '../schemas/dream.schema.js';
import type { IncomingUploadService } from '../services/incoming-upload.service.js';
import type { MultipartUploadService } from '../services/multipart-upload.service.js';
import type { PublicLinks } from './public-links.js';

type Operations = typeof dreamOperations;
type UploadCall = Pick<Call<Operations['refresh']>, 'principal' | 'params'> & {
  readonly body: { readonly uploadId: string };
};

/** Dependencies of {@link DreamController}. */
export interface DreamControllerDeps {
  readonly incoming: Pick<IncomingUploadService, 'complete' | 'abort'>;
  readonly multipart: Pick<MultipartUploadService, 'create' | 'get' | 'urlsOf'>;
  readonly links: Pick<PublicLinks, 'absolute'>;
}

/** HTTP handlers of the compatibility routes of uploads in parts. */
export class DreamController {
  readonly #deps: DreamControllerDeps;

  constructor(deps: DreamControllerDeps) {
    this.#deps = deps;
  }

  readonly create = async ({ principal, body, request }: Call<Operations['create']>): Promise<Reply> => {
    const { datasetName: name = DREAM_DATASET, extension = '', ...rest } = body;
    const upload = await this.#deps.multipart.create(principal, {
      ...rest,
      extension,
      dataset: { name, create: true },
      kind: 'videos',
      options: {},
    });
    const { urls } = await this.#deps.multipart.urlsOf(upload);
    const absolute = urls.map(({ url }) => this.#deps.links.absolute(url, request));
    return ok({ success: true, data: { dream: presentDream(upload), uploadId: upload.id, urls: absolute } });
  };

  readonly refresh = async (call: Call<Operations['refresh']>): Promise<Reply> => {
    const upload = await this.#owned(call);
    const { urls } = await this.#deps.multipart.urlsOf(upload, [call.body.part]);
    const [url] = urls.map((part) => this.#deps.links.absolute(part.url, call.request));
    return ok({ success: true, data: { dream: presentDream(upload), uploadId: upload.id, url } });
  };

  readonly complete = async (call: Call<Operations['complete']>): Promise<Reply> => {
    const { id } = await this.#owned(call);
    const parts = call.body.parts.map(({ PartNumber, ETag }) => ({ partNumber: PartNumber, etag: ETag }));
    const upload = await this.#deps.incoming.complete(call.principal, id, parts);
    return ok({ success: true, data: { dream: presentDream(upload) } });
  };

  readonly abort = async (call: Call<Operations['abort']>): Promise<Reply> => {
    const { id } = await this.#owned(call);
    await this.#deps.incoming.abort(call.principal, id);
    return ok({ success: true, message: 'The upload was aborted.' });
  };

  #owned({ principal, params, body }: UploadCall): Promise<IncomingUpload> {
    if (params.uuid !== body.uploadId) throw notFound('Upload', body.uploadId);
    return this.#deps.multipart.get(principal, params.uuid);
  }
}

function presentDream({ id, userId, name, state, result, createdAt, finishedAt }: IncomingUpload) {
  const video = valueAt(result, ['videos', '0', 'id']);
  const frames = valueAt(result, ['videos', '0', 'frame_count']);
  return {
    id,
    uuid: id,
    name,
    user: { id: userId, uuid: userId },
    status: state === 'completed' ? 'processed' : 'none',
    video: typeof video === 'string' ? video : null,
    processedVideoFrames: typeof frames === 'number' ? frames : null,
    created_at: createdAt.toISOString(),
    updated_at: (finishedAt ?? createdAt).toISOString(),
  };
}
