import type { Request } from 'express';
import type { IncomingUpload } from '../domain/incoming-upload.js';
import type { Principal } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import { notFound, validationFailed } from '../errors/common-errors.js';
import { fieldIssues } from '../errors/schema-issues.js';
import { readStream, type BodyRateFloor, type StreamedBody } from '../middlewares/body/read-stream.js';
import type { Call } from '../middlewares/endpoint.js';
import { ok, type Reply } from '../middlewares/reply.js';
import { TUS_PATH, TUS_VERSION, tusMetadata, type tusOperations } from '../schemas/tus.schema.js';
import {
  requireUnfinished,
  type CompletedUpload,
  type IncomingUploadService,
} from '../services/incoming-upload.service.js';
import type { ResumableStore } from '../storage/resumable-store.js';
import type { TusProtocol, TusRequest } from '../tus/tus-protocol.js';
import type { TusUpload, TusUploads } from '../tus/tus-uploads.js';
import { presentUpload } from './upload.presenter.js';

type Operations = typeof tusOperations;
type TusCall = Call<Operations[keyof Operations]>;

/** Dependencies of {@link TusController}. */
export interface TusControllerDeps {
  readonly incoming: IncomingUploadService;
  readonly protocol: TusProtocol;
  readonly pace: BodyRateFloor;
  /** Path of the API behind its proxy; empty if it is the root. */
  readonly prefix: string;
  readonly files: Pick<ResumableStore, 'create' | 'size'>;
  /** @throws AppError STORAGE_FULL when this many bytes do not fit on disk */
  requireSpace(bytes: number): Promise<void>;
}

/** HTTP handlers of resumable uploads by tus 1.0. */
export class TusController {
  readonly #deps: TusControllerDeps;

  constructor(deps: TusControllerDeps) {
    this.#deps = deps;
  }

  readonly create = async (call: Call<Operations['create']>): Promise<Reply> => this.#withBody(call);

  readonly append = async (call: Call<Operations['append']>): Promise<Reply> => {
    await this.#owned(call, call.params.id);
    await this.#deps.requireSpace(Number(call.request.headers['content-length'] ?? 0));
    return this.#withBody(call);
  };

  /** `GET`, and `HEAD` for the offset. */
  readonly get = async (call: Call<Operations['get']>): Promise<Reply> => {
    const { principal, params, request } = call;
    const upload = await this.#owned(call, params.id);
    if (request.method !== 'HEAD') return ok({ upload: presentUpload(upload) });
    // The response to the last byte was lost, or its process was: the client asks only for the offset.
    if (upload.state === 'open' && (await this.#deps.files.size(upload.id)) === upload.bytes)
      await this.#deps.incoming.complete(principal, upload.id, null);
    return this.#handle(call, null);
  };

  readonly remove = async (call: Call<Operations['remove']>): Promise<Reply> => {
    await this.#owned(call, call.params.id);
    return this.#handle(call, null);
  };

  #withBody(call: TusCall): Promise<Reply> {
    const { request, response } = call;
    return readStream({ request, response, pace: this.#deps.pace }, (body) => this.#handle(call, body));
  }

  async #handle(call: TusCall, body: StreamedBody | null): Promise<Reply> {
    const { request, response } = call;
    response.setHeader('Tus-Resumable', TUS_VERSION);
    requireVersion(request);
    const { status, headers } = await this.#deps.protocol.handle(
      toTusRequest(request, body),
      this.#uploadsOf(call),
    );
    const { location } = headers;
    const moved = location !== undefined && { location: `${this.#deps.prefix}${location}` };
    return { status, headers: { ...headers, ...moved } };
  }

  /** @throws AppError NOT_FOUND, also for uploads by another protocol */
  async #owned({ principal }: Pick<TusCall, 'principal'>, id: string): Promise<IncomingUpload> {
    const upload = await this.#deps.incoming.get(principal, id);
    if (upload.protocol !== 'tus') throw notFound('Upload', id);
    return upload;
  }

  #uploadsOf({ principal }: TusCall): TusUploads {
    const { incoming } = this.#deps;
    return {
      create: (upload) => this.#create(principal, upload),
      find: async (id) => toTusUpload(await incoming.get(principal, id)),
      finish: async (id) => finishedHeaders(await incoming.complete(principal, id, null)),
      terminate: (id) => incoming.abort(principal, id),
    };
  }

  async #create(
    principal: Principal,
    { id, size, metadata }: Omit<TusUpload, 'createdAt' | 'isReceived'>,
  ): Promise<void> {
    if (size === 0) throw new AppError('EMPTY_FILE', { message: 'Upload-Length: the file is empty.' });
    const given = Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, value ?? '']));
    const parsed = tusMetadata.safeParse(given);
    if (!parsed.success) throw validationFailed(fieldIssues(parsed.error, given, '/Upload-Metadata'));
    const { fps, strict, ...request } = parsed.data;
    await this.#deps.incoming.create(
      principal,
      {
        ...request,
        protocol: 'tus',
        bytes: size,
        partBytes: null,
        partCount: null,
        options: { fps, strict, metadata },
      },
      {
        open: async () => {
          await this.#deps.files.create(id);
          return { id, storeId: id };
        },
      },
    );
  }
}

/** Other versions are refused before anything is read. @throws AppError TUS_VERSION_UNSUPPORTED */
function requireVersion({ headers }: Request): void {
  const version = headers['tus-resumable'];
  if (version === TUS_VERSION) return;
  const shown = version === undefined ? 'is missing' : 'has another version';
  throw new AppError('TUS_VERSION_UNSUPPORTED', {
    message: `Tus-Resumable ${shown}; the server has version ${TUS_VERSION}.`,
  });
}

const toTusRequest = ({ method, path, headers }: Request, body: StreamedBody | null): TusRequest => ({
  method,
  path,
  headers,
  body: body && body.announced !== 0 ? body.content : null,
});

function toTusUpload(upload: IncomingUpload): TusUpload {
  const isReceived = upload.state === 'completed' || upload.state === 'received';
  if (!isReceived) requireUnfinished(upload);
  const { id, bytes, options, createdAt } = upload;
  return { id, size: bytes ?? 0, metadata: options.metadata ?? {}, createdAt, isReceived };
}

function finishedHeaders({ id, result }: CompletedUpload): Record<string, string> {
  const media: unknown =
    typeof result === 'object' && result !== null ? Reflect.get(result, 'id') : undefined;
  return {
    'content-location': `${TUS_PATH}/${id}`,
    ...(typeof media === 'string' && { 'media-id': media }),
  };
}
