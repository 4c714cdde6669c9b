import type { InferencePayment, PaidWork } from './open-inference.service.js';
import type { ImageCharges } from './image-charges.js';

/** Charges the rows of a tensor to the balance after the work: what fails or is cut off costs nothing. */
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
