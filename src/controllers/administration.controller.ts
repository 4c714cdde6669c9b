import { toCredits } from '../domain/money.js';
import type { MicroCredits } from '../domain/money.js';
import type { DatasetTotals } from '../domain/listing.js';
import type { Call } from '../middlewares/endpoint.js';
import { IdempotentReply } from '../middlewares/idempotent-reply.js';
import { ok, type Reply } from '../middlewares/reply.js';
import type { administrationOperations } from '../schemas/administration.schema.js';
import type { AdminService } from '../services/admin.service.js';
import {
  inferenceCost,
  type AdministrationService,
  type DatasetPage,
} from '../services/administration.service.js';
import { presentAccount } from './account.presenter.js';
import { presentJob, type LinkSigner } from './job.presenter.js';
import { presentDatasetSummary } from './named-dataset.presenter.js';
import { pageFactsOf, sliceOf } from './page.presenter.js';
import {
  ledgerFilterOf,
  presentLedgerSummary,
  presentOwner,
  presentTransaction,
} from './transaction.presenter.js';

type Operations = typeof administrationOperations;

const SHOWN_TRANSACTIONS = 50;

const itemsOf = ({ images, videoFrames }: DatasetTotals): number => images + videoFrames;

function presentDatasetTotals({ totals, prices }: DatasetPage) {
  return {
    totalDatasets: totals.datasets,
    orphanedDatasets: totals.orphaned,
    totalItems: itemsOf(totals),
    averageItemsPerDataset: totals.datasets === 0 ? 0 : itemsOf(totals) / totals.datasets,
    totalEstimatedInferenceCost: toCredits(inferenceCost(prices, totals)),
    byType: totals.byContent,
  };
}

/** Dependencies of {@link AdministrationController}. */
export interface AdministrationControllerDeps {
  readonly administration: Pick<
    AdministrationService,
    'userStatement' | 'ledger' | 'datasets' | 'users' | 'jobs'
  >;
  readonly admins: Pick<AdminService, 'recharge'>;
  readonly links: LinkSigner;
}

/** HTTP handlers for admins: accounts, ledger, jobs and datasets of all users. */
export class AdministrationController {
  readonly #deps: AdministrationControllerDeps;

  constructor(deps: AdministrationControllerDeps) {
    this.#deps = deps;
  }

  readonly userTokens = async ({ params }: Call<Operations['userTokens']>): Promise<Reply> => {
    const { user, entries } = await this.#deps.administration.userStatement(params.email, SHOWN_TRANSACTIONS);
    const { id, name, surname, email, role } = user;
    return ok({
      success: true,
      message: 'User token information retrieved successfully',
      data: { id, name, surname, email, currentBalance: toCredits(user.balance), role },
      transactions: entries.map(presentTransaction),
    });
  };

  readonly rechargeTokens = async (call: Call<Operations['rechargeTokens']>): Promise<Reply> => {
    const { principal, body, receipt } = call;
    const { email, amount } = body;
    const answer = new IdempotentReply(receipt, (newBalance: MicroCredits) =>
      ok({
        success: true,
        message: 'Tokens recharged succesfully',
        data: { userEmail: email, amountAdded: amount, newBalance: toCredits(newBalance) },
      }),
    );
    const recharge = {
      email,
      credits: amount,
      description: `Admin recharge by ${principal.email}: +${amount} tokens`,
    };
    return answer.of(await this.#deps.admins.recharge(principal, recharge, answer.record));
  };

  readonly transactions = async ({ query }: Call<Operations['transactions']>): Promise<Reply> => {
    const { userId, includeDeleted } = query;
    const filter = { userId, includeDeleted, ...ledgerFilterOf(query) };
    const { rows, total, totals } = await this.#deps.administration.ledger(filter, sliceOf(query));
    const data = {
      transactions: rows.map(({ entry, owner }) => ({
        ...presentTransaction(entry),
        user: presentOwner(owner),
      })),
      summary: presentLedgerSummary(totals),
      ...pageFactsOf(query, total),
    };
    return ok({ success: true, message: 'All transactions retrieved successfully', data });
  };

  readonly users = async ({ query }: Call<Operations['users']>): Promise<Reply> => {
    const { email: emailContains, search, role, disabled, includeDeleted } = query;
    const filter = { emailContains, search, role, disabled, includeDeleted };
    const { rows, total } = await this.#deps.administration.users(filter, sliceOf(query));
    const data = { users: rows.map(presentAccount), ...pageFactsOf(query, total) };
    return ok({ success: true, message: 'Users retrieved successfully', data });
  };

  readonly jobs = async ({ query }: Call<Operations['jobs']>): Promise<Reply> => {
    const { id: ids, userId, datasetId, batchId } = query;
    const { email, createdAfter, createdBefore, status, task } = query;
    const filter = {
      ids,
      userId,
      datasetId,
      batchId,
      ownerEmailContains: email,
      status,
      task,
      createdAfter: createdAfter === undefined ? undefined : new Date(createdAfter),
      createdBefore: createdBefore === undefined ? undefined : new Date(createdBefore),
    };
    const { rows, total } = await this.#deps.administration.jobs(filter, sliceOf(query));
    const jobs = rows.map(({ job, owner, queuePosition }) => ({
      // Result links are only for the owner: an admin sees that a result exists, without a link to it.
      ...presentJob({ job, queuePosition }, this.#deps.links),
      results: null,
      user: { id: job.userId, email: owner?.email ?? null },
    }));
    const data = { jobs, ...pageFactsOf(query, total) };
    return ok({ success: true, message: 'Jobs retrieved successfully', data });
  };

  readonly datasets = async ({ query }: Call<Operations['datasets']>): Promise<Reply> => {
    const { userId, name: nameContains, type: content, includeDeleted } = query;
    const filter = { userId, nameContains, content, includeDeleted };
    const page = await this.#deps.administration.datasets(filter, sliceOf(query));
    const datasets = page.rows.map((row) => ({
      ...presentDatasetSummary(row),
      datasetType: row.content,
      images: row.images,
      videos: row.videos,
      videoFrames: row.videoFrames,
      estimatedInferenceCost: toCredits(inferenceCost(page.prices, row)),
      isOrphaned: row.owner.deleted,
      user: presentOwner(row.owner),
    }));
    const data = { datasets, summary: presentDatasetTotals(page), ...pageFactsOf(query, page.total) };
    return ok({ success: true, message: 'All datasets retrieved successfully', data });
  };
}
