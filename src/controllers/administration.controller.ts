import { toCredits } from '../domain/money.js';
import type { MicroCredits } from '../domain/money.js';
import type { DatasetTotals } from '../domain/listing.js';
import type { Call } from '../middlewares/endpoint.js';
import { ok, type Reply } from '../middlewares/reply.js';
import type { administrationOperations } from '../schemas/administration.schema.js';
import type { AdminService } from '../services/admin.service.js';
import {
  inferenceCost,
  type AdministrationService,
  type DatasetPage,
} from '../services/administration.service.js';
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

/** HTTP side of what administrators see and do. */
export class AdministrationController {
  constructor(
    private readonly administration: Pick<AdministrationService, 'userStatement' | 'ledger' | 'datasets'>,
    private readonly admins: Pick<AdminService, 'recharge'>,
  ) {}

  readonly userTokens = async ({ params }: Call<Operations['userTokens']>): Promise<Reply> => {
    const { user, entries } = await this.administration.userStatement(params.email, SHOWN_TRANSACTIONS);
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
    const reply = (newBalance: MicroCredits): Reply =>
      ok({
        success: true,
        message: 'Tokens recharged succesfully',
        data: { userEmail: email, amountAdded: amount, newBalance: toCredits(newBalance) },
      });
    const recharge = {
      email,
      credits: amount,
      description: `Admin recharge by ${principal.email}: +${amount} tokens`,
    };
    const balance = await this.admins.recharge(principal, recharge, (scope, newBalance) =>
      receipt.record(scope, reply(newBalance)),
    );
    return reply(balance);
  };

  readonly transactions = async ({ query }: Call<Operations['transactions']>): Promise<Reply> => {
    const { userId, includeDeleted } = query;
    const filter = { userId, includeDeleted, ...ledgerFilterOf(query) };
    const { rows, total, totals } = await this.administration.ledger(filter, sliceOf(query));
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

  readonly datasets = async ({ query }: Call<Operations['datasets']>): Promise<Reply> => {
    const { userId, name: nameContains, type: content, includeDeleted } = query;
    const filter = { userId, nameContains, content, includeDeleted };
    const page = await this.administration.datasets(filter, sliceOf(query));
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
