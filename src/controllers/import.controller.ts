import type { ImportWithFiles } from '../domain/repositories/import.repository.js';
import type { Call } from '../middlewares/endpoint.js';
import { IdempotentReply } from '../middlewares/idempotent-reply.js';
import { ok, type Reply } from '../middlewares/reply.js';
import type { importOperations } from '../schemas/import.schema.js';
import type { ImportService } from '../services/import.service.js';
import { presentImport } from './import.presenter.js';
import { nextLink } from './next-link.js';

type Operations = typeof importOperations;

/** HTTP handlers of imports from URLs. */
export class ImportController {
  readonly #imports: ImportService;

  constructor(imports: ImportService) {
    this.#imports = imports;
  }

  readonly create = async ({
    principal,
    params,
    body,
    receipt,
  }: Call<Operations['create']>): Promise<Reply> => {
    const { kind, urls, fps, strict, maskFit } = body;
    const options = { fps, strict, fitsMasks: maskFit === 'scale' };
    const answer = new IdempotentReply(receipt, accepted);
    const request = { datasetId: params.id, kind, urls, options };
    return answer.of(await this.#imports.create(principal, request, answer.record));
  };

  readonly list = async ({ principal, params, query, request }: Call<Operations['list']>): Promise<Reply> => {
    const { rows, nextCursor } = await this.#imports.list(principal, { ...query, datasetId: params.id });
    const body = { imports: rows.map(presentImport), nextCursor };
    return nextCursor === null ? ok(body) : ok(body, { Link: nextLink(request.originalUrl, nextCursor) });
  };

  readonly get = async ({ principal, params }: Call<Operations['get']>): Promise<Reply> =>
    ok(presentImport(await this.#imports.get(principal, params.id, params.importId)));

  readonly cancel = async ({ principal, params }: Call<Operations['cancel']>): Promise<Reply> =>
    ok(presentImport(await this.#imports.cancel(principal, params.id, params.importId)));
}

const accepted = (created: ImportWithFiles): Reply => ({
  status: 202,
  body: presentImport(created),
  headers: { Location: `/api/dataset/${created.datasetId}/imports/${created.id}` },
});
