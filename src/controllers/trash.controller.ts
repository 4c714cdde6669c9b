import type { TrashEntry } from '../domain/trash.js';
import type { Call } from '../middlewares/endpoint.js';
import { ok, type Reply } from '../middlewares/reply.js';
import type { trashOperations } from '../schemas/trash.schema.js';
import type { TrashService } from '../services/trash.service.js';
import { nextLink } from './next-link.js';

type Operations = typeof trashOperations;

const present = ({ deletedAt, purgeAt, ...entry }: TrashEntry) => ({
  ...entry,
  deletedAt: deletedAt.toISOString(),
  purgeAt: purgeAt.toISOString(),
});

/** HTTP handlers of deletion and of the trash. */
export class TrashController {
  readonly #trash: TrashService;

  constructor(trash: TrashService) {
    this.#trash = trash;
  }

  readonly removeMedia = async ({ principal, params }: Call<Operations['removeMedia']>): Promise<Reply> => {
    await this.#trash.removeMedia(principal, params.id);
    return { status: 204 };
  };

  readonly removeItem = async ({ principal, params }: Call<Operations['removeItem']>): Promise<Reply> => {
    await this.#trash.removeItem(principal, params.id, params.itemId);
    return { status: 204 };
  };

  readonly removeJob = async ({ principal, params }: Call<Operations['removeJob']>): Promise<Reply> => {
    await this.#trash.removeJob(principal, params.id);
    return { status: 204 };
  };

  readonly removeResult = async ({ principal, params }: Call<Operations['removeResult']>): Promise<Reply> => {
    await this.#trash.removeResult(principal, params.id);
    return { status: 204 };
  };

  readonly list = async ({ principal, query, request }: Call<Operations['list']>): Promise<Reply> => {
    const { rows, nextCursor } = await this.#trash.list(principal, query);
    const headers = nextCursor === null ? undefined : { Link: nextLink(request.originalUrl, nextCursor) };
    return ok({ data: rows.map(present), nextCursor, hasMore: nextCursor !== null }, headers);
  };

  readonly restore = async ({ principal, params }: Call<Operations['restore']>): Promise<Reply> =>
    ok({ restored: present(await this.#trash.restore(principal, params.kind, params.id)) });

  readonly purge = async ({ principal, params }: Call<Operations['purge']>): Promise<Reply> => {
    await this.#trash.purge(principal, params.kind, params.id);
    return { status: 202 };
  };

  readonly empty = async ({ principal }: Call<Operations['empty']>): Promise<Reply> => ({
    status: 202,
    body: { removed: await this.#trash.empty(principal) },
  });
}
