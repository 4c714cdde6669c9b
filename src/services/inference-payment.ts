import type { UnitOfWork } from '../domain/repositories.js';
import type { InferencePayment, PaidWork } from './open-inference.service.js';
import { PricingService, requireBalance } from './pricing.service.js';

const PRESET = 'infernode';

/** Charges pictures to the balance in one row of the ledger, after the work: what fails or is cut off costs nothing. */
export class LedgerInferencePayment implements InferencePayment {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async run<Value>({ userId, pictures, description }: PaidWork, work: () => Promise<Value>): Promise<Value> {
    const units = { 'inference.image': pictures };
    const { users, prices } = this.unitOfWork.read;
    const { total } = await new PricingService(prices).quote(PRESET, units);
    await requireBalance(users, userId, total);
    const value = await work();
    if (total > 0n) {
      await this.unitOfWork.run(async ({ ledger }) => {
        await ledger.append({ userId, kind: 'capture', amount: total, delta: -total, description });
      });
    }
    return value;
  }
}
