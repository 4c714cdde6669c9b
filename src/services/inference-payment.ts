import type { InferencePayment, PaidWork } from './open-inference.service.js';
import type { ImageCharges } from './image-charges.js';

/** Charges the rows of a tensor to the balance after the work. Work that fails or is cancelled is free. */
export class LedgerInferencePayment implements InferencePayment {
  readonly #charges: Pick<ImageCharges, 'requireCredits' | 'capture'>;

  constructor(charges: Pick<ImageCharges, 'requireCredits' | 'capture'>) {
    this.#charges = charges;
  }

  async run<Value>({ userId, images, description }: PaidWork, work: () => Promise<Value>): Promise<Value> {
    await this.#charges.requireCredits({ userId }, images);
    const value = await work();
    await this.#charges.capture({ userId, images, description });
    return value;
  }
}
