import type { UploadDao, UploadRow } from '../dao/upload.dao.js';
import type { IncomingUpload, ListedPart, UploadEnd, UploadProblem } from '../domain/incoming-upload.js';
import type { Page } from '../domain/repositories/pages.js';
import type { NewUpload, UploadFilter, UploadRepository } from '../domain/repositories/upload.repository.js';
import { notFound } from '../errors/common-errors.js';
import { decodeCursor, pageOf } from './page-cursor.js';

/** Uploads in several requests, in PostgreSQL. */
export class PostgresUploadRepository implements UploadRepository {
  readonly #uploads: UploadDao;

  constructor(uploads: UploadDao) {
    this.#uploads = uploads;
  }

  async create(upload: NewUpload): Promise<IncomingUpload> {
    return toUpload(await this.#uploads.insert(upload));
  }

  async findById(id: string): Promise<IncomingUpload | null> {
    const row = await this.#uploads.find(id);
    return row && toUpload(row);
  }

  async requireOwned(id: string, userId: string): Promise<IncomingUpload> {
    const row = await this.#uploads.find(id);
    if (row?.userId !== userId) throw notFound('Upload', id);
    return toUpload(row);
  }

  async lock(id: string): Promise<IncomingUpload | null> {
    const row = await this.#uploads.lock(id);
    return row && toUpload(row);
  }

  async group(key: string): Promise<readonly IncomingUpload[]> {
    return (await this.#uploads.group(key)).map(toUpload);
  }

  async list({ limit, cursor, ...filter }: UploadFilter): Promise<Page<IncomingUpload>> {
    const olderThan = cursor === undefined ? undefined : decodeCursor(cursor);
    const { rows, nextCursor } = pageOf(await this.#uploads.list({ ...filter, olderThan }, limit + 1), limit);
    return { rows: rows.map(toUpload), nextCursor };
  }

  async countUnfinished(userId: string): Promise<number> {
    return this.#uploads.countUnfinished(userId);
  }

  async keepParts(id: string, parts: readonly ListedPart[]): Promise<void> {
    await this.#uploads.keepParts(id, JSON.stringify(parts));
  }

  async markReceived(id: string, parts: readonly ListedPart[] | null): Promise<void> {
    await this.#uploads.markReceived(id, parts && JSON.stringify(parts));
  }

  async complete(id: string, result: unknown, hasBytes: boolean): Promise<void> {
    // A second charge must not be committed, whatever became of the locks.
    if (!(await this.#uploads.complete(id, JSON.stringify(result), hasBytes))) throw notFound('Upload', id);
  }

  async end(id: string, state: UploadEnd, problem?: UploadProblem): Promise<void> {
    await this.#uploads.end(id, state, problem ?? null);
  }

  async forgetBytes(id: string): Promise<void> {
    await this.#uploads.forgetBytes(id);
  }

  async findAbandoned(limit: number): Promise<readonly IncomingUpload[]> {
    return (await this.#uploads.listAbandoned(limit)).map(toUpload);
  }

  async findLeftovers(limit: number): Promise<readonly IncomingUpload[]> {
    return (await this.#uploads.listLeftovers(limit)).map(toUpload);
  }

  async knownIds(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(ids.length === 0 ? [] : await this.#uploads.known(ids));
  }

  async withBytes(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(ids.length === 0 ? [] : await this.#uploads.withBytes(ids));
  }

  async removeEnded(before: Date): Promise<number> {
    return this.#uploads.removeEnded(before);
  }

  async tryLockGroup(key: string): Promise<boolean> {
    return this.#uploads.tryLockGroup(key);
  }
}

const numberOrNull = (text: string | null): number | null => (text === null ? null : Number(text));

function toUpload({ bytes, partBytes, held, ...row }: UploadRow): IncomingUpload {
  return { ...row, bytes: numberOrNull(bytes), partBytes: numberOrNull(partBytes), held: BigInt(held) };
}
