import {
  isUnfinished,
  lockKeyOf,
  type IncomingUpload,
  type ListedPart,
  type UploadLocks,
} from '../domain/incoming-upload.js';
import type { OutcomeRecord } from '../domain/outcome-record.js';
import { effectiveLimits, type UserLimits } from '../domain/quota.js';
import type { Dataset } from '../domain/dataset.js';
import type { Page } from '../domain/repositories/pages.js';
import type { TransactionScope, UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { UploadFilter } from '../domain/repositories/upload.repository.js';
import type { Principal } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import { isErrorCode } from '../errors/codes.js';
import { notFound, validationFailed } from '../errors/common-errors.js';
import type { IncomingStores, UploadPlace } from './incoming-store.js';
import { PricingService } from './pricing.service.js';
import { UnpaidUploads } from './unpaid-uploads.js';
import type { UploadCompletion } from './upload-completion.js';
import { estimateUnits, isImageExtension, toEstimate } from './upload-estimate.js';
import { endUpload, holdForUpload } from './upload-holds.js';
import { requireUploadFits } from './upload-quota.js';

type Caller = Pick<Principal, 'userId'>;

/** An upload that a client wants to make. */
export interface UploadRequest extends Pick<
  IncomingUpload,
  'protocol' | 'name' | 'extension' | 'options' | 'bytes' | 'partBytes' | 'partCount'
> {
  /** By id or by name; `create` makes a missing one. */
  readonly dataset: { readonly id: string } | { readonly name: string; readonly create?: boolean };
  /** Derived from `role` and `extension` unless given. */
  readonly kind?: IncomingUpload['kind'];
  readonly role?: IncomingUpload['role'];
  readonly sourceId?: string;
  readonly isArchive?: boolean;
  /** Number of frames, for the estimated price. */
  readonly frames?: number;
  /** The least that an upload without a size can have. */
  readonly minBytes?: number;
}

/** Limits of uploads in several requests. */
interface IncomingUploadLimits {
  readonly maxBytes: number;
  readonly maxOpenPerUser: number;
  readonly lifetimeMs: number;
  /** Quotas of users without limits of their own. */
  readonly quotas: UserLimits;
}

/** Dependencies of {@link IncomingUploadService}. */
export interface IncomingUploadServiceDeps {
  readonly unitOfWork: UnitOfWork;
  readonly completion: UploadCompletion;
  readonly locks: UploadLocks;
  readonly stores: IncomingStores;
  readonly limits: IncomingUploadLimits;
  /** @throws AppError STORAGE_FULL when this many bytes do not fit on disk */
  requireSpace(bytes: number): Promise<void>;
}

/** What became of a completion; an upload of a pair waits for the other one. */
export type CompletedUpload = IncomingUpload & { readonly state: 'completed' | 'received' };

/** Uploads in several requests, whatever their protocol: creation, completion and end. */
export class IncomingUploadService {
  readonly #deps: IncomingUploadServiceDeps;
  readonly #unpaid = new UnpaidUploads();

  constructor(deps: IncomingUploadServiceDeps) {
    this.#deps = deps;
  }

  /**
   * Reserves the size and holds the estimated price before any byte arrives.
   * @param open makes a place for the bytes
   * @throws AppError NOT_FOUND, VALIDATION, FILE_TOO_LARGE, TOO_MANY_UPLOADS, INSUFFICIENT_CREDITS, STORAGE_QUOTA_EXCEEDED,
   *   UPLOAD_QUOTA_EXCEEDED, STORAGE_FULL
   */
  async create(
    caller: Caller,
    request: UploadRequest,
    {
      open,
      kept,
    }: { readonly open: () => Promise<UploadPlace>; readonly kept?: OutcomeRecord<IncomingUpload> },
  ): Promise<IncomingUpload> {
    const { limits, requireSpace, unitOfWork, stores } = this.#deps;
    const size = request.bytes ?? request.minBytes ?? 1;
    if (size > limits.maxBytes) throw tooLarge(size, limits.maxBytes);
    const datasetId = await this.#datasetOf(caller, request);
    await this.#requireSource(caller, request, datasetId);
    await requireSpace(size);
    const place = await open();
    try {
      return await unitOfWork.run(async (scope) => {
        const upload = await this.#record(scope, { ...request, caller, datasetId, size, place });
        await kept?.record(scope, upload);
        return upload;
      });
    } catch (error) {
      // Without a row, the sweep would find the place only later.
      await stores[request.protocol].discard(place).catch(() => undefined);
      throw error;
    }
  }

  /** @throws AppError NOT_FOUND */
  get(caller: Caller, id: string): Promise<IncomingUpload> {
    return this.#deps.unitOfWork.read.uploads.requireOwned(id, caller.userId);
  }

  list(caller: Caller, filter: Omit<UploadFilter, 'userId'>): Promise<Page<IncomingUpload>> {
    return this.#deps.unitOfWork.read.uploads.list({ ...filter, userId: caller.userId });
  }

  /**
   * Makes the received bytes media of the dataset. It may be repeated: a completed upload is returned again.
   * @param parts of a multipart upload, in order
   * @throws AppError NOT_FOUND, UPLOAD_ENDED, UPLOAD_INCOMPLETE, UPLOAD_SIZE_MISMATCH, UPLOAD_BUSY, or an error of the
   *   file, which ends the upload
   */
  async complete(caller: Caller, id: string, parts: readonly ListedPart[] | null): Promise<CompletedUpload> {
    const { locks, completion } = this.#deps;
    const known = await this.get(caller, id);
    await using _lock = await locks.acquire(lockKeyOf(known));
    const upload = await this.get(caller, id);
    if (isFinal(upload) && !isListedAgain(upload, parts)) return upload;
    requireUnfinished(upload);
    const group = await this.#deps.unitOfWork.read.uploads.group(lockKeyOf(upload));
    await this.#unpaid.requireCredits(upload, group, this.#deps.unitOfWork.read.users);
    const finished = await this.#unpaid.remember(upload, () => completion.run(upload, parts));
    if (isFinal(finished)) return finished;
    requireUnfinished(finished);
    throw notFound('Upload', id);
  }

  /**
   * Reserves another size for an upload whose size was not declared.
   * @throws AppError STORAGE_QUOTA_EXCEEDED, UPLOAD_QUOTA_EXCEEDED, FILE_TOO_LARGE
   */
  async reserve({ id, userId, expiresAt }: IncomingUpload, bytes: number): Promise<void> {
    const { limits, unitOfWork } = this.#deps;
    await unitOfWork.run(async ({ quotas }) => {
      const own = effectiveLimits(limits.quotas, await quotas.overrides(userId));
      const usage = await quotas.lockUsage(userId, id);
      requireUploadFits({ limits: own, usage, stored: bytes, uploaded: bytes });
      await quotas.release(id);
      const lifetimeMs = Math.max(0, expiresAt.getTime() - Date.now());
      await quotas.reserve({ id, userId, bytes, lifetimeMs });
    });
  }

  /** Ends an upload and removes its bytes; repeatable. @throws AppError NOT_FOUND, UPLOAD_COMPLETED, UPLOAD_BUSY */
  async abort(caller: Caller, id: string): Promise<void> {
    const { locks, unitOfWork } = this.#deps;
    const known = await this.get(caller, id);
    await using _lock = await locks.acquire(lockKeyOf(known));
    const upload = await unitOfWork.run(async (scope) => {
      const row = await scope.uploads.lock(id);
      if (!row) throw notFound('Upload', id);
      if (row.state === 'completed') throw completed(id);
      if (isUnfinished(row)) await endUpload(scope, row, { state: 'aborted' });
      return row;
    });
    await this.#deps.completion.removeBytes(upload);
  }

  async #datasetOf({ userId }: Caller, { dataset }: UploadRequest): Promise<string> {
    const { unitOfWork } = this.#deps;
    const { read } = unitOfWork;
    if ('id' in dataset) return (await read.datasets.requireOwned(dataset.id, userId)).id;
    const { name, create = false } = dataset;
    const found = await read.datasets.requireByName(name, userId).catch((error: unknown) => {
      if (create && error instanceof AppError && error.kind === 'not_found') return null;
      throw error;
    });
    if (found) return found.id;
    const made = await unitOfWork
      .run(({ datasets }) => datasets.create({ userId, name, tags: [] }))
      .catch((error: unknown): Promise<Dataset> => {
        // Another request made it.
        if (error instanceof AppError && error.kind === 'conflict')
          return read.datasets.requireByName(name, userId);
        throw error;
      });
    return made.id;
  }

  /** The source of a mask must be able to wait for it. */
  async #requireSource(caller: Caller, { role, sourceId }: UploadRequest, datasetId: string): Promise<void> {
    if (role !== 'mask') {
      if (sourceId !== undefined) throw sourceProblem('is only for masks');
      return;
    }
    if (sourceId === undefined)
      throw sourceProblem('is required for a mask: the id of the upload of its image or video');
    const source = await this.get(caller, sourceId);
    if (
      source.kind !== 'pairs' ||
      source.role !== 'source' ||
      source.isArchive ||
      source.datasetId !== datasetId
    )
      throw sourceProblem('must be the upload of an image or video with role "source" to the same dataset');
    requireUnfinished(source);
    const group = await this.#deps.unitOfWork.read.uploads.group(sourceId);
    if (group.some((upload) => upload.role === 'mask' && isUnfinished(upload)))
      throw sourceProblem('has a mask already');
  }

  async #record(
    scope: TransactionScope,
    request: UploadRequest & {
      readonly caller: Caller;
      readonly datasetId: string;
      readonly size: number;
      readonly place: UploadPlace;
    },
  ): Promise<IncomingUpload> {
    const { caller, datasetId, size, place, extension, role, isArchive = extension === 'zip' } = request;
    const { userId } = caller;
    const { lifetimeMs, maxOpenPerUser, quotas } = this.#deps.limits;
    const limits = effectiveLimits(quotas, await scope.quotas.overrides(userId));
    // The lock on the usage makes concurrent creations of one user wait for each other.
    requireUploadFits({ limits, usage: await scope.quotas.lockUsage(userId), stored: size, uploaded: size });
    if ((await scope.uploads.countUnfinished(userId)) >= maxOpenPerUser) throw tooMany(maxOpenPerUser);
    await scope.quotas.reserve({ id: place.id, userId, bytes: size, lifetimeMs });
    const kind = request.kind ?? (role ? 'pairs' : isImageExtension(extension) ? 'images' : 'videos');
    const facts = { kind, role: role ?? ('source' as const), isArchive, extension, options: request.options };
    const { preset, units } = estimateUnits({ ...facts, bytes: size, frames: request.frames });
    const quote = await new PricingService(scope.prices).quote(preset, units);
    const { protocol, name, bytes, partBytes, partCount, sourceId = null } = request;
    const upload = await scope.uploads.create({
      ...facts,
      ...place,
      ...{ userId, datasetId, protocol, name, bytes, partBytes, partCount, sourceId, lifetimeMs },
      quote: toEstimate(quote),
      held: quote.total,
    });
    await holdForUpload(scope, upload);
    return upload;
  }
}

const isFinal = (upload: IncomingUpload): upload is CompletedUpload =>
  upload.state === 'completed' || upload.state === 'received';

/** Whether the client has sent parts again while the upload waits for the other file of its pair. */
const isListedAgain = (
  { state, parts: known }: IncomingUpload,
  parts: readonly ListedPart[] | null,
): boolean =>
  state === 'received' &&
  parts !== null &&
  (known?.length !== parts.length ||
    parts.some(({ partNumber, etag }, index) => {
      const part = known[index];
      return part.partNumber !== partNumber || part.etag !== etag;
    }));

/** @throws AppError UPLOAD_COMPLETED, UPLOAD_ENDED, or the error for which the upload was refused */
export function requireUnfinished({ id, state, problem }: IncomingUpload): void {
  if (state === 'open' || state === 'received') return;
  if (state === 'completed') throw completed(id);
  if (problem && isErrorCode(problem.code)) throw new AppError(problem.code, { message: problem.message });
  throw new AppError('UPLOAD_ENDED', { message: `Upload ${id} is ${state}.`, details: { state } });
}

const completed = (id: string): AppError =>
  new AppError('UPLOAD_COMPLETED', { message: `Upload ${id} is completed.` });

const sourceProblem = (message: string): AppError =>
  validationFailed([{ pointer: '/sourceUploadId', message, code: 'INVALID' }]);

const tooLarge = (bytes: number, maxBytes: number): AppError =>
  new AppError('FILE_TOO_LARGE', {
    message: `The file has ${bytes} bytes; at most ${maxBytes} are accepted (UPLOAD_RESUMABLE_MAX_MB).`,
    details: { maxBytes },
  });

const tooMany = (limit: number): AppError =>
  new AppError('TOO_MANY_UPLOADS', {
    message: `This account has ${limit} unfinished uploads, which is the limit.`,
    details: { limit },
  });
