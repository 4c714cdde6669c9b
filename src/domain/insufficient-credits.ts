import { AppError } from '../errors/app-error.js';
import { toCredits, type MicroCredits } from './money.js';

/** Error for a charge that the balance does not cover; amounts in the details are in credits. */
export function insufficientCredits(balance: MicroCredits, required: MicroCredits): AppError {
  const amounts = {
    balance: toCredits(balance),
    required: toCredits(required),
    missing: toCredits(required - balance),
  };
  return new AppError('INSUFFICIENT_CREDITS', {
    message: `This needs ${amounts.required} credits, but the balance is ${amounts.balance}: ${amounts.missing} are missing.`,
    details: amounts,
  });
}
