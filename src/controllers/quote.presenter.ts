import { toCredits, type MicroCredits, type Quote } from '../domain/money.js';
import type { JobEstimate } from '../services/job.service.js';

/** A price, as returned by a dry run or an estimate. */
export function presentQuote(quote: Quote, balance: MicroCredits) {
  return {
    dryRun: true,
    cost: toCredits(quote.total),
    balance: toCredits(balance),
    affordable: balance >= quote.total,
    quote: {
      preset: quote.preset,
      version: quote.version,
      total: toCredits(quote.total),
      lines: quote.lines.map((line) => ({
        unit: line.unit,
        count: line.count,
        unitPrice: toCredits(line.unitPrice),
        amount: toCredits(line.amount),
      })),
    },
    warnings: quote.warnings ?? [],
  };
}

/** A price of jobs, and whether the limit of waiting jobs allows them. */
export function presentEstimate({ quote, waitingJobs }: JobEstimate, balance: MicroCredits) {
  return { ...presentQuote(quote, balance), waitingJobs };
}
