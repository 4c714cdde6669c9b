import { fromCredits, toCredits, type PriceVersion } from '../domain/money.js';
import type { Call } from '../middlewares/endpoint.js';
import { IdempotentReply } from '../middlewares/idempotent-reply.js';
import { created, ok, type Reply } from '../middlewares/reply.js';
import type { priceOperations } from '../schemas/price.schema.js';
import type { PriceListService } from '../services/price-list.service.js';
import { pageFactsOf, sliceOf } from './page.presenter.js';

type Operations = typeof priceOperations;

const presentVersion = ({ preset, version, effectiveFrom, prices }: PriceVersion) => ({
  preset,
  version,
  effectiveFrom: effectiveFrom?.toISOString() ?? null,
  prices: Object.fromEntries(Object.entries(prices).map(([unit, micro]) => [unit, toCredits(micro)])),
});

const presentHistory = (version: PriceVersion) => ({
  ...presentVersion(version),
  createdAt: version.createdAt?.toISOString() ?? null,
  createdBy: version.createdBy,
  note: version.note,
});

/** HTTP handlers of prices. */
export class PriceController {
  readonly #prices: PriceListService;

  constructor(prices: PriceListService) {
    this.#prices = prices;
  }

  readonly list = async (): Promise<Reply> => {
    const data = (await this.#prices.list()).map(({ current, scheduled }) => ({
      ...presentVersion(current),
      scheduled: scheduled.map(presentVersion),
    }));
    return ok({ data });
  };

  readonly history = async ({ query }: Call<Operations['history']>): Promise<Reply> => {
    const { rows, total } = await this.#prices.history(query.preset, sliceOf(query));
    return ok({ data: rows.map(presentHistory), ...pageFactsOf(query, total) });
  };

  readonly create = async ({ principal, body, receipt }: Call<Operations['create']>): Promise<Reply> => {
    const { prices, effectiveFrom, ...change } = body;
    const answer = new IdempotentReply(receipt, (version: PriceVersion) =>
      created(presentHistory(version), '/api/admin/prices'),
    );
    const micros = Object.entries(prices).map(([unit, price]) => [unit, fromCredits(price)] as const);
    const wanted = {
      ...change,
      prices: Object.fromEntries(micros),
      effectiveFrom: effectiveFrom === undefined ? undefined : new Date(effectiveFrom),
    };
    return answer.of(await this.#prices.create(principal, wanted, answer.record));
  };
}
