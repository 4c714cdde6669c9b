import path from 'node:path';
import { isUnfinished, lockKeyOf, type IncomingUpload, type ListedPart } from '../domain/incoming-upload.js';
import type { TransactionScope, UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { AppError } from '../errors/app-error.js';
import type { ErrorCode } from '../errors/codes.js';
import { notFound } from '../errors/common-errors.js';
import type { ErrorKind } from '../errors/error-kind.js';
import type { IncomingStores, ReceivedContent } from './incoming-store.js';
import type { UploadContent } from './upload-content.js';
import { endUpload, releaseHold } from './upload-holds.js';
import type { UploadOutcome, UploadService } from './upload.service.js';

/** Dependencies of {@link UploadCompletion}. */
export interface UploadCompletionDeps {
  readonly unitOfWork: UnitOfWork;
  readonly uploads: Pick<UploadService, 'add'>;
  readonly stores: IncomingStores;
  /** An empty folder for the inspection of one upload. */
  tempFolder(): Promise<{ readonly path: string; remove(): Promise<void> }>;
  /** What the API answers about a completed upload. */
  present(upload: IncomingUpload, outcome: UploadOutcome): unknown;
}

/** An upload with its bytes. */
interface Member {
  readonly upload: IncomingUpload;
  readonly content: ReceivedContent;
}

/** Kinds of errors after which the same bytes may be completed later; all others end the upload. */
const PASSING_KINDS: ReadonlySet<ErrorKind> = new Set<ErrorKind>([
  ...(['internal', 'unavailable', 'timeout', 'storage_full'] as const),
  ...(['insufficient_credits', 'rate_limited', 'conflict'] as const),
]);
const PASSING_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['STORAGE_QUOTA_EXCEEDED']);

/** Turns received bytes into media, by the same inspection and transaction as uploads in one request. */
export class UploadCompletion {
  readonly #deps: UploadCompletionDeps;

  constructor(deps: UploadCompletionDeps) {
    this.#deps = deps;
  }

  /**
   * Completes an unfinished upload whose lock the caller holds, or records that it waits for the other file of its pair.
   * @returns the upload afterwards
   * @throws AppError of the store, after which the upload goes on, or of the inspection
   */
  async run(open: IncomingUpload, parts: readonly ListedPart[] | null): Promise<IncomingUpload> {
    const { unitOfWork, stores } = this.#deps;
    const upload: IncomingUpload = { ...open, parts };
    const members = await this.#membersOf(upload);
    if (members === null) {
      await stores[upload.protocol].verify(upload);
      await unitOfWork.read.uploads.markReceived(upload.id, parts);
    } else {
      // Joining the parts removes them, also when what follows fails for now.
      if (parts) await unitOfWork.read.uploads.keepParts(upload.id, parts);
      await this.#store(members);
    }
    const finished = await unitOfWork.read.uploads.findById(upload.id);
    if (!finished) throw notFound('Upload', upload.id);
    return finished;
  }

  /** Removes the bytes of a finished upload; if that fails, the sweep repeats it. */
  async removeBytes({ id, storeId, protocol }: IncomingUpload): Promise<void> {
    const { unitOfWork, stores } = this.#deps;
    await stores[protocol].discard({ id, storeId });
    await unitOfWork.read.uploads.forgetBytes(id);
  }

  /** The uploads that become media together, source first; null while the other one of a pair is missing. */
  async #membersOf(upload: IncomingUpload): Promise<readonly IncomingUpload[] | null> {
    if (upload.kind !== 'pairs' || upload.isArchive) return [upload];
    const group = await this.#deps.unitOfWork.read.uploads.group(lockKeyOf(upload));
    const partner = group.find(({ role, state }) => role !== upload.role && state === 'received');
    if (!partner) return null;
    return upload.role === 'source' ? [upload, partner] : [partner, upload];
  }

  async #store(uploads: readonly IncomingUpload[]): Promise<void> {
    const folder = await this.#deps.tempFolder();
    try {
      const members: Member[] = [];
      for (const [index, upload] of uploads.entries()) {
        const target = path.join(folder.path, `upload-${index}`);
        members.push({ upload, content: await this.#deps.stores[upload.protocol].fetch(upload, target) });
      }
      await this.#add(members).catch(async (error: unknown) => {
        if (!isPassing(error)) await this.#refuse(uploads, error);
        throw error;
      });
      const after = await this.#deps.unitOfWork.read.uploads.group(lockKeyOf(uploads[0]));
      for (const upload of after) if (!isUnfinished(upload) && upload.hasBytes) await this.#tryRemove(upload);
    } finally {
      await folder.remove();
    }
  }

  async #add(members: readonly Member[]): Promise<void> {
    const [{ upload }] = members;
    const { id, userId, datasetId, name } = upload;
    const storedFiles = members.flatMap(({ content: { path: file, key } }) =>
      key === undefined ? [] : [{ path: file, key }],
    );
    const added = {
      principal: { userId },
      ...{ datasetId, storedFiles, uploadId: id, reservation: id, title: name },
      receivedBytes: members.reduce((sum, { content }) => sum + content.bytes, 0),
      content: contentOf(members),
      before: (scope: TransactionScope) => this.#release(scope, members),
    };
    await this.#deps.uploads.add(added, {
      record: async (scope, outcome) => {
        const used = new Set(
          outcome.items.flatMap(({ source, mask }) => [
            source.storageKey,
            ...(mask ? [mask.storageKey] : []),
          ]),
        );
        for (const { upload: member, content } of members) {
          const takenOver = content.key !== undefined && used.has(content.key);
          await scope.uploads.complete(member.id, this.#deps.present(member, outcome), !takenOver);
        }
      },
    });
  }

  /** Releases holds and reservations before the charge, which may be larger or smaller. */
  async #release(scope: TransactionScope, members: readonly Member[]): Promise<void> {
    for (const { upload } of members) {
      const row = await scope.uploads.lock(upload.id);
      if (!row || !isUnfinished(row)) throw notFound('Upload', upload.id);
      await releaseHold(scope, row);
      await scope.quotas.release(row.id);
    }
  }

  async #refuse(uploads: readonly IncomingUpload[], error: unknown): Promise<void> {
    const { code, message } = error instanceof AppError ? error : { code: 'INTERNAL', message: '' };
    const ended = await this.#deps.unitOfWork.run(async (scope) => {
      const rows: IncomingUpload[] = [];
      for (const { id } of uploads) {
        const row = await scope.uploads.lock(id);
        if (!row || !isUnfinished(row)) continue;
        await endUpload(scope, row, { state: 'refused', problem: { code, message } });
        rows.push(row);
      }
      return rows;
    });
    for (const upload of ended) await this.#tryRemove(upload);
  }

  async #tryRemove(upload: IncomingUpload): Promise<void> {
    await this.removeBytes(upload).catch(() => undefined);
  }
}

function isPassing(error: unknown): boolean {
  return !(error instanceof AppError) || PASSING_KINDS.has(error.kind) || PASSING_CODES.has(error.code);
}

function contentOf(members: readonly Member[]): UploadContent {
  const [{ upload, content: file }, mask] = members;
  const { kind, name, isArchive, options } = upload;
  if (kind === 'dataset') return { kind, form: { file } };
  if (kind !== 'pairs') return { kind, form: { name, isArchive, file } };
  return {
    kind,
    form: {
      images: [{ ...file, name }],
      ...(members.length > 1 && {
        mask: { kind: 'file' as const, file: { ...mask.content, name: mask.upload.name } },
      }),
      strict: options.strict ?? false,
      fps: options.fps,
    },
  };
}
