import { v7 as uuid } from 'uuid';
import type { Import, ImportOptions } from '../domain/import.js';
import type { OutcomeRecord } from '../domain/outcome-record.js';
import { effectiveLimits, type UserLimits } from '../domain/quota.js';
import type { ImportWithFiles, NewImportFile } from '../domain/repositories/import.repository.js';
import type { Page, PageRequest } from '../domain/repositories/pages.js';
import type { TransactionScope, UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Principal } from '../domain/user.js';
import { AppError, type FieldIssue } from '../errors/app-error.js';
import { validationFailed } from '../errors/common-errors.js';
import { importUrlProblem, s3ObjectOf, type ImportPolicy } from '../net/import-url.js';
import { endImportFile } from './import-holds.js';
import { PricingService } from './pricing.service.js';
import { estimateUnits } from './upload-estimate.js';
import { holdForUpload } from './upload-holds.js';
import { requireUploadFits } from './upload-quota.js';

/** A URL to import. */
interface ImportedUrl {
  readonly url: string;
  /** Name in the dataset; the last part of the URL's path by default. */
  readonly name?: string;
  /** For pairs. */
  readonly maskUrl?: string;
}

/** An import that a client wants to make. */
export interface ImportRequest extends Pick<Import, 'datasetId' | 'kind'> {
  readonly options: ImportOptions;
  readonly urls: readonly ImportedUrl[];
}

/** Limits of imports. */
export interface ImportLimits extends Pick<ImportPolicy, 'allowPrivate' | 's3Buckets'> {
  /** Maximum number of unfinished files of an account. */
  readonly perUser: number;
  /** Quotas of users without limits of their own. */
  readonly quotas: UserLimits;
}

type Caller = Pick<Principal, 'userId'>;

/** Imports from URLs: creation, state and cancelling. Workers fetch the files. */
export class ImportService {
  readonly #unitOfWork: UnitOfWork;
  readonly #limits: ImportLimits;

  constructor(unitOfWork: UnitOfWork, limits: ImportLimits) {
    this.#unitOfWork = unitOfWork;
    this.#limits = limits;
  }

  /**
   * Records the URLs and holds the least price of each file. What a file really costs and weighs is known when it has
   * arrived, and is checked by the code of all uploads.
   * @throws AppError NOT_FOUND, VALIDATION, TOO_MANY_IMPORTS, INSUFFICIENT_CREDITS, STORAGE_QUOTA_EXCEEDED,
   *   UPLOAD_QUOTA_EXCEEDED
   */
  async create(
    caller: Caller,
    request: ImportRequest,
    kept?: OutcomeRecord<ImportWithFiles>,
  ): Promise<ImportWithFiles> {
    this.#requireUsable(request);
    return this.#unitOfWork.run(async (scope) => {
      await scope.datasets.requireOwned(request.datasetId, caller.userId);
      const created = await this.#record(scope, caller, request);
      await kept?.record(scope, created);
      return created;
    });
  }

  /** @throws AppError NOT_FOUND */
  get({ userId }: Caller, datasetId: string, id: string): Promise<ImportWithFiles> {
    return this.#unitOfWork.read.imports.requireOwned(id, { userId, datasetId });
  }

  /** @throws AppError NOT_FOUND for a dataset of somebody else */
  async list(
    { userId }: Caller,
    filter: PageRequest & { readonly datasetId: string },
  ): Promise<Page<ImportWithFiles>> {
    await this.#unitOfWork.read.datasets.requireOwned(filter.datasetId, userId);
    return this.#unitOfWork.read.imports.list({ ...filter, userId });
  }

  /**
   * Ends the unfinished files; a worker that is fetching one stops. Stored files stay. Repeatable.
   * @throws AppError NOT_FOUND
   */
  async cancel({ userId }: Caller, datasetId: string, id: string): Promise<ImportWithFiles> {
    await this.get({ userId }, datasetId, id);
    return this.#unitOfWork.run(async (scope) => {
      for (const file of await scope.imports.lockUnfinished(id))
        await endImportFile(scope, file, { state: 'cancelled' });
      return scope.imports.requireOwned(id, { userId, datasetId });
    });
  }

  #requireUsable({ kind, urls }: ImportRequest): void {
    const issues = urls.flatMap(({ url, maskUrl }, index): FieldIssue[] => {
      const pointer = `/urls/${String(index)}`;
      const isPair = kind === 'pairs';
      return [
        ...this.#problemOf(`${pointer}/url`, url),
        ...(maskUrl === undefined ? [] : this.#problemOf(`${pointer}/maskUrl`, maskUrl)),
        ...(maskUrl !== undefined && !isPair
          ? [{ pointer: `${pointer}/maskUrl`, message: 'is only for the kind "pairs"', code: 'INVALID' }]
          : []),
      ];
    });
    if (issues.length > 0) throw validationFailed(issues);
  }

  #problemOf(pointer: string, url: string): FieldIssue[] {
    const message = importUrlProblem(url, this.#limits);
    return message === undefined ? [] : [{ pointer, message, code: 'INVALID' }];
  }

  async #record(
    scope: TransactionScope,
    { userId }: Caller,
    { datasetId, kind, options, urls }: ImportRequest,
  ): Promise<ImportWithFiles> {
    const { perUser, quotas } = this.#limits;
    const limits = effectiveLimits(quotas, await scope.quotas.overrides(userId));
    const least = urls.length;
    // The lock on the usage makes concurrent creations of one user wait for each other.
    requireUploadFits({
      limits,
      usage: await scope.quotas.lockUsage(userId),
      stored: least,
      uploaded: least,
    });
    const waiting = await scope.imports.countUnfinished(userId);
    if (waiting + urls.length > perUser) throw tooMany(waiting, perUser);
    const files: NewImportFile[] = [];
    for (const [position, { url, maskUrl = null, name }] of urls.entries()) {
      const held = await leastPrice(scope, { kind, options, url });
      files.push({ id: uuid(), position, url, maskUrl, held, name: name ?? nameOf(url) });
    }
    const created = await scope.imports.create({ id: uuid(), userId, datasetId, kind, options }, files);
    for (const file of created.files) await holdForUpload(scope, file);
    return created;
  }
}

async function leastPrice(
  { prices }: Pick<TransactionScope, 'prices'>,
  { kind, options, url }: Pick<ImportRequest, 'kind' | 'options'> & { readonly url: string },
): Promise<bigint> {
  const extension = extensionOf(url);
  const facts = {
    kind,
    role: 'source',
    extension,
    isArchive: extension === 'zip',
    options,
    bytes: 1,
  } as const;
  const { preset, units } = estimateUnits(facts);
  return (await new PricingService(prices).quote(preset, units)).total;
}

/** The last part of a URL's path, decoded. */
function lastPart(url: string): string {
  const object = s3ObjectOf(url);
  if (object) return object.key.split('/').at(-1) ?? '';
  const part = new URL(url).pathname.split('/').findLast((name) => name !== '') ?? '';
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const extensionOf = (url: string): string =>
  /\.([a-z0-9]{1,16})$/i.exec(lastPart(url))?.[1].toLowerCase() ?? '';

const MAX_NAME_LENGTH = 200;

/** A name for display; control and invisible characters are removed from it. */
function nameOf(url: string): string {
  const shown = lastPart(url)
    .replaceAll(/\p{C}|\p{Zl}|\p{Zp}/gu, '')
    .trim();
  return Array.from(shown.normalize('NFC')).slice(-MAX_NAME_LENGTH).join('').trim() || new URL(url).hostname;
}

const tooMany = (waiting: number, limit: number): AppError =>
  new AppError('TOO_MANY_IMPORTS', {
    message: `${String(waiting)} files of this account are being imported; at most ${String(limit)} may be unfinished (IMPORTS_PER_USER).`,
    details: { waiting, limit },
    retryAfterSeconds: 30,
  });
