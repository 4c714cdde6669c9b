import type { InferencePayment, PaidWork } from './open-inference.service.js';
import type { PictureCharges } from './picture-charges.js';

/** Charges the rows of a tensor to the balance after the work: what fails or is cut off costs nothing. */
export class LedgerInferencePayment implements InferencePayment {
  constructor(private readonly charges: Pick<PictureCharges, 'requireCredits' | 'capture'>) {}

  async run<Value>({ userId, pictures, description }: PaidWork, work: () => Promise<Value>): Promise<Value> {
    await this.charges.requireCredits({ userId }, pictures);
    const value = await work();
    await this.charges.capture({ userId, pictures, description });
    return value;
  }
}
