import { v7 as uuid } from 'uuid';
import type { Dataset, DatasetItem, MediaRole } from '../domain/dataset.js';
import type { MicroCredits, Quote } from '../domain/money.js';
import type { NewItem, NewMedia } from '../domain/repositories/dataset.repository.js';
import type { TransactionScope, UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { OutcomeRecord } from '../domain/outcome-record.js';
import type { Principal } from '../domain/user.js';
import type { BlobStore } from '../storage/blob-store.js';
import { inspectContent, type UploadContent } from './upload-content.js';
import {
  uploadWarnings,
  type AcceptedFile,
  type FileReport,
  type Inspection,
  type MediaInspector,
} from './upload-inspection.js';
import { NO_LIMITS, type UserLimits } from '../domain/quota.js';
import { PricingService } from './pricing.service.js';
import { countUpload } from './upload-quota.js';
import { removeAnnounced } from './remove-announced.js';

/** Permanent storage of accepted media; keys are assigned by the store. */
export type MediaStore = Pick<BlobStore, 'put' | 'remove'>;

/** An upload to a dataset. */
export interface Upload {
  readonly principal: Pick<Principal, 'userId'>;
  /** `null` creates the dataset that the content describes. */
  readonly datasetId: string | null;
  /** Title for the ledger description. */
  readonly title: string;
  readonly signal?: AbortSignal;
  /** Id of the reservation that was made when the upload was admitted. */
  readonly reservation?: string;
  /** Size of the received files. */
  readonly receivedBytes: number;
  readonly content: UploadContent;
  /** Upload in several requests, for its rows in the ledger. */
  readonly uploadId?: string;
  /** Files that are in the store already. A media row takes one over if it is accepted as it is. */
  readonly storedFiles?: readonly { readonly path: string; readonly key: string }[];
  /** Runs first in the transaction, such as to release a hold. */
  readonly before?: (scope: TransactionScope) => Promise<void>;
}

/** What was stored and what was charged. */
export interface UploadOutcome {
  readonly dataset: Dataset;
  readonly items: readonly DatasetItem[];
  readonly cost: MicroCredits;
  /** After the charge. */
  readonly balance: MicroCredits;
  /** Outcome of every file, with the ids of stored ones; empty for a single file. */
  readonly files: readonly (FileReport & { readonly id?: string })[];
  /** Warnings about the stored files, each with the file's name. */
  readonly warnings: readonly string[];
}

/** The price of an upload and the outcome of its files. */
export type UploadQuote = Quote & Pick<Inspection, 'files'>;

function toMedia(
  { file, ...facts }: AcceptedFile,
  role: MediaRole,
  { userId, storageKey }: { userId: string; storageKey: string },
): NewMedia {
  const { sha256, bytes } = file;
  return { id: uuid(), userId, role, ...facts, sha256, bytes, storageKey };
}

/** Inspects, charges and stores uploads atomically. */
export class UploadService {
  readonly #unitOfWork: UnitOfWork;
  readonly #inspector: MediaInspector;
  readonly #store: MediaStore;
  readonly #limits: UserLimits;

  /** @param limits quotas of users without limits of their own */
  constructor(
    unitOfWork: UnitOfWork,
    { inspector, store }: { readonly inspector: MediaInspector; readonly store: MediaStore },
    limits: UserLimits = NO_LIMITS,
  ) {
    this.#unitOfWork = unitOfWork;
    this.#inspector = inspector;
    this.#store = store;
    this.#limits = limits;
  }

  /**
   * The price of {@link add}, using the same code. @throws AppError as {@link add} does, except for
   * INSUFFICIENT_CREDITS.
   */
  async quote(upload: Upload): Promise<UploadQuote> {
    const { datasets, prices } = this.#unitOfWork.read;
    if (upload.datasetId !== null) await datasets.requireOwned(upload.datasetId, upload.principal.userId);
    const inspection = await inspectContent(this.#inspector, upload.content, upload.signal);
    const quote = await new PricingService(prices).quoteBills(inspection.bills);
    return { ...quote, warnings: uploadWarnings(inspection), files: inspection.files };
  }

  /**
   * Stores the items of an upload. One transaction debits the price and writes the rows. The files are stored
   * before it commits and removed if it fails; if the result of the commit is unknown they are kept, since
   * the rows may exist. They are announced before they are stored, so that those of a killed process are removed later.
   * @throws AppError NOT_FOUND, INSUFFICIENT_CREDITS, STORAGE_QUOTA_EXCEEDED, UPLOAD_QUOTA_EXCEEDED, or an error
   *   of the file.
   */
  async add(upload: Upload, kept?: OutcomeRecord<UploadOutcome>): Promise<UploadOutcome> {
    const { principal, datasetId, signal } = upload;
    if (datasetId !== null) await this.#unitOfWork.read.datasets.requireOwned(datasetId, principal.userId);
    const inspection = await inspectContent(this.#inspector, upload.content, signal);
    const keys = newKeys(inspection, upload);
    const arriving = [...keys.values()];
    const { retention } = this.#unitOfWork.read;
    await retention.announceFiles(arriving);
    let committing = false;
    try {
      const items = await this.#storeFiles(inspection, upload, keys);
      return await this.#unitOfWork.run(async (scope) => {
        committing = false;
        await upload.before?.(scope);
        await scope.retention.claimFiles(arriving);
        const outcome = await this.#record(scope, upload, { items, inspection });
        await kept?.record(scope, outcome);
        // A client that disconnected does not learn the ids of its media, so nothing is stored or charged.
        signal?.throwIfAborted();
        committing = true;
        return outcome;
      });
    } catch (error) {
      // A file without a row only takes disk space; a row without its file would be charged but unusable.
      if (!committing) await removeAnnounced(arriving, { blobs: this.#store, retention });
      throw error;
    }
  }

  /** Moves the accepted files to the store, those that are not there yet under the given keys. */
  async #storeFiles(
    { items }: Inspection,
    { principal: { userId }, storedFiles = [], signal }: Upload,
    keys: ReadonlyMap<AcceptedFile, string>,
  ): Promise<NewItem[]> {
    const put = async (file: AcceptedFile, role: MediaRole) => {
      signal?.throwIfAborted();
      const { path, sha256 } = file.file;
      const already = storedFiles.find((stored) => stored.path === path);
      const { key } = already ?? (await this.#store.put(path, { sha256, key: keys.get(file) }));
      return toMedia(file, role, { userId, storageKey: key });
    };
    const kept: NewItem[] = [];
    for (const { source, mask, sampleFps, upload } of items) {
      const media = await put(source, 'source');
      kept.push({ source: media, ...(mask && { mask: await put(mask, 'mask') }), sampleFps, upload });
    }
    return kept;
  }

  async #record(
    scope: TransactionScope,
    { principal, datasetId, title, reservation, receivedBytes, uploadId }: Upload,
    { items, inspection }: { items: readonly NewItem[]; inspection: Inspection },
  ): Promise<UploadOutcome> {
    const { total } = await new PricingService(scope.prices).quoteBills(inspection.bills);
    const entry =
      total > 0n
        ? await scope.ledger.append({
            userId: principal.userId,
            uploadId,
            kind: 'upload',
            amount: total,
            delta: -total,
            description: `Upload of ${title}`,
          })
        : null;
    const dataset = await datasetFor(scope, { datasetId, userId: principal.userId }, inspection);
    const added = await scope.datasets.addItems(dataset.id, items);
    const upload = { userId: principal.userId, reservation, uploaded: receivedBytes };
    await countUpload(scope, upload, this.#limits);
    const balance = entry?.balanceAfter ?? (await scope.users.findById(principal.userId))?.balance ?? 0n;
    return {
      dataset,
      items: added,
      cost: total,
      balance,
      files: withIds(inspection.files, items),
      warnings: uploadWarnings(inspection),
    };
  }
}

/** A key for each file of an upload that is not in the store yet. */
function newKeys(
  { items }: Inspection,
  { storedFiles = [] }: Pick<Upload, 'storedFiles'>,
): ReadonlyMap<AcceptedFile, string> {
  const there = new Set(storedFiles.map(({ path }) => path));
  const files = items.flatMap(({ source, mask }) => (mask ? [source, mask] : [source]));
  return new Map(files.filter(({ file }) => !there.has(file.path)).map((file) => [file, uuid()]));
}

/** The dataset that an upload goes to. @throws AppError NOT_FOUND, DATASET_NAME_TAKEN */
async function datasetFor(
  { datasets }: Pick<TransactionScope, 'datasets'>,
  { datasetId, userId }: { readonly datasetId: string | null; readonly userId: string },
  { dataset: described }: Inspection,
): Promise<Dataset> {
  if (datasetId !== null) return datasets.requireOwned(datasetId, userId);
  if (!described) throw new TypeError('only archives of datasets describe a dataset');
  return datasets.create({ userId, ...described });
}

function withIds(files: readonly FileReport[], items: readonly NewItem[]): UploadOutcome['files'] {
  const media = items.flatMap(({ source, mask }) => (mask ? [source, mask] : [source]));
  // Names may repeat, such as that of a mask for several images; equal ones are in the same order in both lists.
  const ids = new Map<string, string[]>();
  for (const { name, role, id } of media) {
    const key = `${role} ${name}`;
    ids.set(key, [...(ids.get(key) ?? []), id]);
  }
  return files.map((file) => {
    if (file.name === undefined) return file;
    return { ...file, id: ids.get(`${file.role ?? 'source'} ${file.name}`)?.shift() };
  });
}
