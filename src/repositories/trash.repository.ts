import type { TrashDao } from '../dao/trash.dao.js';
import type { OwnedObject, TrashFilter, TrashRepository } from '../domain/repositories/trash.repository.js';
import type { Page } from '../domain/repositories/pages.js';
import type { TrashEntry } from '../domain/trash.js';
import { decodeCursor, encodeCursor } from './page-cursor.js';

/** The trash in PostgreSQL. */
export class PostgresTrashRepository implements TrashRepository {
  readonly #trash: TrashDao;

  constructor(trash: TrashDao) {
    this.#trash = trash;
  }

  async remove({ kind, id, userId }: Parameters<TrashRepository['remove']>[0]): Promise<boolean> {
    switch (kind) {
      case 'media':
        await this.#trash.lockDatasetOfMedia(id, userId);
        return this.#trash.removeMedia(id, userId);
      case 'job':
        return this.#trash.removeJob(id, userId);
      case 'result':
        return this.#trash.removeResult(id, userId);
    }
  }

  async list({ limit, cursor, ...filter }: TrashFilter): Promise<Page<TrashEntry>> {
    const olderThan = cursor === undefined ? undefined : decodeCursor(cursor);
    const found = await this.#trash.list({ ...filter, olderThan }, limit + 1);
    const rows = found.slice(0, limit);
    const last = rows.at(-1);
    const more = found.length > limit && last;
    return { rows, nextCursor: more ? encodeCursor({ createdAt: last.deletedAt, id: last.id }) : null };
  }

  async find({ kind, id, userId }: OwnedObject, trashDays: number): Promise<TrashEntry | null> {
    const [entry] = await this.#trash.list({ kind, id, userId, trashDays }, 1);
    return entry ?? null;
  }

  async restore({ kind, id, userId }: OwnedObject): Promise<void> {
    if (kind === 'media') await this.#trash.lockDatasetOfMedia(id, userId);
    await this.#trash.restore(kind, id);
  }

  async purgeSoon({ kind, id }: OwnedObject): Promise<void> {
    await this.#trash.purgeSoon(kind, id);
  }

  async purgeAllSoon(userId: string): Promise<number> {
    return this.#trash.purgeAllSoon(userId);
  }
}
