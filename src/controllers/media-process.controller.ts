import type { MediaProcessRun } from '../domain/media-list.js';
import { PREVIEW_KINDS } from '../domain/preview.js';
import type { Call } from '../middlewares/endpoint.js';
import { ok, type Reply } from '../middlewares/reply.js';
import type { mediaProcessOperations } from '../schemas/media-process.schema.js';
import type { MediaProcessService } from '../services/media-process.service.js';
import { nextLink } from './next-link.js';

type Operations = typeof mediaProcessOperations;

const PATH = '/api/admin/media/process';

function presentRun({ datasetId, createdAt, plannedAt, ...run }: MediaProcessRun) {
  return {
    ...run,
    datasetId: datasetId ?? null,
    createdAt: createdAt.toISOString(),
    planned: plannedAt !== null,
  };
}

/** HTTP handlers of runs that make previews of stored media. */
export class MediaProcessController {
  readonly #runs: MediaProcessService;

  constructor(runs: MediaProcessService) {
    this.#runs = runs;
  }

  readonly start = async ({ principal, query, body }: Call<Operations['start']>): Promise<Reply> => {
    const { steps = PREVIEW_KINDS, ...rest } = body;
    const request = { steps, ...rest };
    if (query.dryRun) return ok({ dryRun: true, ...(await this.#runs.quote(request)) });
    const run = await this.#runs.start(principal.userId, request);
    return { status: 202, body: presentRun(run), headers: { Location: `${PATH}/${run.id}` } };
  };

  readonly list = async ({ query, request }: Call<Operations['list']>): Promise<Reply> => {
    const { rows, nextCursor } = await this.#runs.list(query);
    const headers = nextCursor === null ? undefined : { Link: nextLink(request.originalUrl, nextCursor) };
    return ok({ runs: rows.map(presentRun), nextCursor }, headers);
  };

  readonly get = async ({ params }: Call<Operations['get']>): Promise<Reply> => {
    const { run, progress, failures } = await this.#runs.report(params.id);
    const finished = run.plannedAt !== null && progress.pending === 0;
    return ok({ ...presentRun(run), finished, progress, failures });
  };
}
