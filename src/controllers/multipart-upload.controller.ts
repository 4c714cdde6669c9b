import type { IncomingUpload } from '../domain/incoming-upload.js';
import type { OutcomeRecord } from '../domain/outcome-record.js';
import type { Page } from '../domain/repositories/pages.js';
import type { Call } from '../middlewares/endpoint.js';
import type { Receipt } from '../middlewares/idempotency.js';
import { readStream, type BodyRateFloor } from '../middlewares/body/read-stream.js';
import { created, ok, type Reply } from '../middlewares/reply.js';
import type { uploadOperations } from '../schemas/upload.schema.js';
import type { IncomingUploadService } from '../services/incoming-upload.service.js';
import type { MultipartUploadService } from '../services/multipart-upload.service.js';
import { nextLink } from './next-link.js';
import type { PublicLinks } from './public-links.js';
import { presentUpload } from './upload.presenter.js';

type Operations = typeof uploadOperations;

/** Dependencies of {@link MultipartUploadController}. */
export interface MultipartUploadControllerDeps {
  readonly incoming: IncomingUploadService;
  readonly multipart: MultipartUploadService;
  readonly links: Pick<PublicLinks, 'absolute'>;
  readonly pace: BodyRateFloor;
}

/** HTTP handlers of uploads in parts. */
export class MultipartUploadController {
  readonly #deps: MultipartUploadControllerDeps;

  constructor(deps: MultipartUploadControllerDeps) {
    this.#deps = deps;
  }

  readonly list = async ({ principal, query, request }: Call<Operations['list']>): Promise<Reply> => {
    const { state: states, ...filter } = query;
    const page = await this.#deps.incoming.list(principal, { ...filter, states });
    return pageReply(request.originalUrl, page);
  };

  readonly create = async (call: Call<Operations['create']>): Promise<Reply> => {
    const { principal, body, receipt } = call;
    const {
      datasetId,
      datasetName = '',
      extension = '',
      sourceUploadId: sourceId,
      fps,
      strict,
      ...rest
    } = body;
    const dataset = datasetId === undefined ? { name: datasetName } : { id: datasetId };
    const request = { ...rest, dataset, extension, sourceId, options: { fps, strict } };
    const answer = new PresentedReply(receipt, (upload) => this.#created(call, upload));
    return answer.of(await this.#deps.multipart.create(principal, request, answer.record));
  };

  readonly get = async ({ principal, params }: Call<Operations['get']>): Promise<Reply> => {
    const upload = await this.#deps.multipart.get(principal, params.id);
    return ok({ upload: presentUpload(upload), parts: await this.#deps.multipart.parts(upload) });
  };

  readonly refresh = async (call: Call<Operations['refresh']>): Promise<Reply> => {
    const { principal, params, body } = call;
    const upload = await this.#deps.multipart.get(principal, params.id);
    const { urls, expiresAt } = await this.#deps.multipart.urlsOf(upload, body.parts);
    return ok({
      uploadId: upload.id,
      urls: urls.map(({ partNumber, url }) => ({
        partNumber,
        url: this.#deps.links.absolute(url, call.request),
      })),
      expiresAt: expiresAt.toISOString(),
    });
  };

  readonly putPart = async (call: Call<Operations['putPart']>): Promise<Reply> => {
    const { params, query, request, response } = call;
    const { etag } = await readStream({ request, response, pace: this.#deps.pace }, (body) =>
      this.#deps.multipart.receivePart({ uploadId: params.id, partNumber: params.part, link: query }, body),
    );
    return { status: 200, headers: { ETag: etag } };
  };

  readonly complete = async ({ principal, params, body }: Call<Operations['complete']>): Promise<Reply> => {
    await this.#deps.multipart.get(principal, params.id);
    const upload = await this.#deps.incoming.complete(principal, params.id, body.parts);
    return { status: upload.state === 'completed' ? 201 : 202, body: { upload: presentUpload(upload) } };
  };

  readonly abort = async ({ principal, params }: Call<Operations['abort']>): Promise<Reply> => {
    await this.#deps.multipart.get(principal, params.id);
    await this.#deps.incoming.abort(principal, params.id);
    return { status: 204 };
  };

  async #created(call: Call<Operations['create']>, upload: IncomingUpload): Promise<Reply> {
    const { urls, expiresAt } = await this.#deps.multipart.urlsOf(upload);
    const body = {
      uploadId: upload.id,
      urls: urls.map(({ url }) => this.#deps.links.absolute(url, call.request)),
      partSize: upload.partBytes,
      expiresAt: expiresAt.toISOString(),
      quote: upload.quote,
      upload: presentUpload(upload),
    };
    return created(body, `/api/uploads/multipart/${upload.id}`);
  }
}

/** A reply about a new upload, which is stored in the transaction that creates it. */
class PresentedReply {
  #kept: Reply | undefined;
  readonly record: OutcomeRecord<IncomingUpload> | undefined;
  readonly #present: (upload: IncomingUpload) => Promise<Reply>;

  constructor(receipt: Receipt, present: (upload: IncomingUpload) => Promise<Reply>) {
    this.#present = present;
    if (!receipt.isKept) return;
    this.record = {
      record: async (scope, upload) => {
        this.#kept = await present(upload);
        await receipt.record(scope, this.#kept);
      },
    };
  }

  async of(upload: IncomingUpload): Promise<Reply> {
    return this.#kept ?? this.#present(upload);
  }
}

function pageReply(url: string, { rows, nextCursor }: Page<IncomingUpload>): Reply {
  const headers = nextCursor === null ? undefined : { Link: nextLink(url, nextCursor) };
  return ok({ data: rows.map(presentUpload), nextCursor, hasMore: nextCursor !== null }, headers);
}
