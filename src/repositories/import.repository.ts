import type { ImportDao, ImportFileRow, ImportRow } from '../dao/import.dao.js';
import type { ClaimedImport, Import, ImportFile } from '../domain/import.js';
import type {
  ImportClaim,
  ImportLease,
  ImportRepository,
  ImportWithFiles,
  NewImportFile,
} from '../domain/repositories/import.repository.js';
import type { Page, PageRequest } from '../domain/repositories/pages.js';
import { notFound } from '../errors/common-errors.js';
import { decodeCursor, pageOf } from './page-cursor.js';

/** Imports from URLs, in PostgreSQL. */
export class PostgresImportRepository implements ImportRepository {
  readonly #imports: ImportDao;

  constructor(imports: ImportDao) {
    this.#imports = imports;
  }

  async create(batch: Omit<Import, 'createdAt'>, files: readonly NewImportFile[]): Promise<ImportWithFiles> {
    const row = await this.#imports.insert(batch);
    const rows: ImportFileRow[] = [];
    for (const file of files)
      rows.push(await this.#imports.insertFile({ ...file, importId: row.id, userId: row.userId }));
    return { ...row, files: rows.map(toFile) };
  }

  async requireOwned(
    id: string,
    { userId, datasetId }: { readonly userId: string; readonly datasetId: string },
  ): Promise<ImportWithFiles> {
    const row = await this.#imports.find(id);
    if (row?.userId !== userId || row.datasetId !== datasetId) throw notFound('Import', id);
    const [found] = await this.#withFiles([row]);
    return found;
  }

  async list({
    limit,
    cursor,
    ...filter
  }: PageRequest & { readonly userId: string; readonly datasetId: string }): Promise<Page<ImportWithFiles>> {
    const olderThan = cursor === undefined ? undefined : decodeCursor(cursor);
    const found = await this.#imports.list({ ...filter, olderThan }, limit + 1);
    const { rows, nextCursor } = pageOf(found, limit);
    return { rows: await this.#withFiles(rows), nextCursor };
  }

  async countUnfinished(userId: string): Promise<number> {
    return this.#imports.countUnfinished(userId);
  }

  async lockUnfinished(importId: string): Promise<readonly ImportFile[]> {
    return (await this.#imports.lockUnfinished(importId)).map(toFile);
  }

  async lockUnfinishedOf(userId: string): Promise<readonly ImportFile[]> {
    return (await this.#imports.lockUnfinishedOf(userId)).map(toFile);
  }

  async claim(claim: ImportClaim): Promise<ClaimedImport | null> {
    const row = await this.#imports.claim(claim);
    const batch = row && (await this.#imports.find(row.importId));
    return row && batch && { file: toFile(row), batch };
  }

  async renew(
    lease: ImportLease,
    leaseMs: number,
    progress: Pick<ImportFile, 'bytes' | 'totalBytes'>,
  ): Promise<boolean> {
    return this.#imports.renew(lease, leaseMs, progress);
  }

  async lockClaimed(lease: ImportLease): Promise<ImportFile | null> {
    const row = await this.#imports.lockClaimed(lease);
    return row && toFile(row);
  }

  async requeue(lease: ImportLease, delayMs: number, countsAttempt: boolean): Promise<void> {
    await this.#imports.requeue(lease, delayMs, countsAttempt ? 0 : 1);
  }

  async complete(id: string, result: unknown, bytes: number): Promise<void> {
    const finished = { state: 'completed', result: JSON.stringify(result), bytes } as const;
    // A second charge must not be committed, whatever became of the lease.
    if (!(await this.#imports.finish(id, finished))) throw notFound('Import', id);
  }

  async end(id: string, state: 'failed' | 'cancelled', problem: ImportFile['problem']): Promise<void> {
    await this.#imports.finish(id, { state, problem: problem && JSON.stringify(problem) });
  }

  async unfinishedOf(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(ids.length === 0 ? [] : await this.#imports.unfinishedOf(ids));
  }

  async #withFiles(rows: readonly ImportRow[]): Promise<ImportWithFiles[]> {
    const files = rows.length === 0 ? [] : await this.#imports.files(rows.map(({ id }) => id));
    return rows.map((row) => ({
      ...row,
      files: files.filter(({ importId }) => importId === row.id).map(toFile),
    }));
  }
}

const toFile = ({ held, bytes, totalBytes, ...row }: ImportFileRow): ImportFile => ({
  ...row,
  held: BigInt(held),
  bytes: Number(bytes),
  totalBytes: totalBytes === null ? null : Number(totalBytes),
});
