import { toCredits, type MicroCredits, type Quote } from '../domain/money.js';

/** A price as the answer of a dry run or an estimate. */
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
  };
}
