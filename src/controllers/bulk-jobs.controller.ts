import { dateOf } from '../domain/iso-time.js';
import type { Call } from '../middlewares/endpoint.js';
import { ok, type Reply } from '../middlewares/reply.js';
import type { bulkJobOperations } from '../schemas/bulk-jobs.schema.js';
import type { BulkFilter, BulkJobService, BulkOutcome } from '../services/bulk-jobs.service.js';
import { presentJob, type LinkSigner } from './job.presenter.js';

type Operations = typeof bulkJobOperations;

function filterOf(body: Call<Operations['cancel']>['body']): BulkFilter {
  const { all: _all, createdAfter, createdBefore, ...filter } = body;
  return { ...filter, createdAfter: dateOf(createdAfter), createdBefore: dateOf(createdBefore) };
}

/** Dependencies of {@link BulkJobController}. */
export interface BulkJobControllerDeps {
  readonly bulk: Pick<BulkJobService, 'cancel' | 'retry'>;
  readonly links: LinkSigner;
}

/** HTTP handlers that change many jobs at once. */
export class BulkJobController {
  readonly #deps: BulkJobControllerDeps;

  constructor(deps: BulkJobControllerDeps) {
    this.#deps = deps;
  }

  readonly cancel = async ({ principal, body }: Call<Operations['cancel']>): Promise<Reply> =>
    this.#answer(await this.#deps.bulk.cancel(principal, filterOf(body)));

  readonly retry = async ({ principal, body }: Call<Operations['retry']>): Promise<Reply> =>
    this.#answer(await this.#deps.bulk.retry(principal, filterOf(body)));

  #answer({ results, hasMore }: BulkOutcome): Reply {
    const { links } = this.#deps;
    // Positions are left out: computing each of up to a hundred would hold up other requests.
    const shown = results.map(({ id, job, error }) => ({
      id,
      job: job && presentJob({ job, queuePosition: null }, links),
      error,
    }));
    const failed = results.filter(({ error }) => error !== null).length;
    return ok({ results: shown, succeeded: results.length - failed, failed, hasMore });
  }
}
