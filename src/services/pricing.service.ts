import { insufficientCredits } from '../domain/insufficient-credits.js';
import { quote, type BillableUnits, type Quote } from '../domain/money.js';
import type { PriceUnit, PricePresetName } from '../domain/money.js';
import type { PriceRepository } from '../domain/repositories/ledger.repository.js';
import type { UserRepository } from '../domain/repositories/user.repository.js';
import type { Job } from '../domain/job.js';
import { notFound } from '../errors/common-errors.js';

/** What is billed at the prices of one preset. */
export interface Bill {
  readonly preset: PricePresetName;
  readonly units: BillableUnits;
}

/** Adds counts by unit. */
export function sumUnits(all: readonly BillableUnits[]): BillableUnits {
  const sum: Partial<Record<PriceUnit, number>> = {};
  for (const units of all) {
    for (const [unit, count] of Object.entries(units) as [PriceUnit, number | undefined][]) {
      sum[unit] = (sum[unit] ?? 0) + (count ?? 0);
    }
  }
  return sum;
}

/**
 * Quotes and charges with the prices of the given repository. A repository bound to a transaction gives the
 * prices of that transaction.
 */
export class PricingService {
  readonly #prices: PriceRepository;

  constructor(prices: PriceRepository) {
    this.#prices = prices;
  }

  /** Quotes each element of `all` at the newest prices of `preset`, and their sum. */
  async quoteAll(
    preset: PricePresetName,
    all: readonly BillableUnits[],
  ): Promise<{ readonly each: readonly Quote[]; readonly total: Quote }> {
    const current = await this.#prices.current(preset);
    return { each: all.map((units) => quote(current, units)), total: quote(current, sumUnits(all)) };
  }

  /** Quotes `units` at the newest prices of `preset`. */
  async quote(preset: PricePresetName, units: BillableUnits): Promise<Quote> {
    return quote(await this.#prices.current(preset), units);
  }

  /** Quotes several bills together; the lines of each have the prices of its preset. */
  async quoteBills(bills: readonly Bill[]): Promise<Quote> {
    const quotes: Quote[] = [];
    for (const { preset, units } of bills) quotes.push(await this.quote(preset, units));
    return {
      preset: quotes.map(({ preset }) => preset).join('+'),
      version: Math.max(...quotes.map(({ version }) => version)),
      lines: quotes.flatMap(({ lines }) => lines),
      total: quotes.reduce((sum, { total }) => sum + total, 0n),
    };
  }

  /** The price of what a job used, at the prices of its quote and capped at the held amount. */
  async charge(
    job: Pick<Job, 'pricePreset' | 'priceVersion' | 'held'>,
    used: BillableUnits,
  ): Promise<bigint> {
    const { total } = quote(await this.#prices.version(job.pricePreset, job.priceVersion), used);
    return total < job.held ? total : job.held;
  }
}

/**
 * Rejects the request before anything is written when the balance does not cover the whole sum, so that the
 * error states the full shortfall. The guarded holds that follow remain the authoritative check.
 * @throws AppError INSUFFICIENT_CREDITS.
 */
export async function requireBalance(users: UserRepository, userId: string, total: bigint): Promise<void> {
  const user = await users.findById(userId);
  if (!user) throw notFound('User', userId);
  if (user.balance < total) throw insufficientCredits(user.balance, total);
}
