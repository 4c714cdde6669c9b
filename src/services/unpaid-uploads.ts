import { isUnfinished, type IncomingUpload } from '../domain/incoming-upload.js';
import { insufficientCredits } from '../domain/insufficient-credits.js';
import { fromCredits, type MicroCredits } from '../domain/money.js';
import type { UserRepository } from '../domain/repositories/user.repository.js';
import { AppError } from '../errors/app-error.js';

/** Uploads that are remembered; the oldest are forgotten first, and are only inspected once more. */
const MAX_REMEMBERED = 10_000;

/** Prices of received uploads for which credits were missing, so that asking again does not inspect the files again. */
export class UnpaidUploads {
  readonly #prices = new Map<string, MicroCredits>();

  /**
   * @param group the uploads that become media together, whose holds are released before the charge
   * @throws AppError INSUFFICIENT_CREDITS while the credits do not suffice for the price that is known
   */
  async requireCredits(
    { id, userId }: IncomingUpload,
    group: readonly IncomingUpload[],
    users: Pick<UserRepository, 'findByIds'>,
  ): Promise<void> {
    const price = this.#prices.get(id);
    if (price === undefined) return;
    const [user] = await users.findByIds([userId]);
    const held = group.filter(isUnfinished).reduce((sum, upload) => sum + upload.held, 0n);
    const available = (user?.balance ?? 0n) + held;
    if (available < price) throw insufficientCredits(available, price);
  }

  /** Completes an upload and remembers its price when the credits do not suffice. */
  async remember<Value>({ id }: IncomingUpload, complete: () => Promise<Value>): Promise<Value> {
    this.#prices.delete(id);
    try {
      return await complete();
    } catch (error) {
      const required = error instanceof AppError ? error.details?.required : undefined;
      if (
        error instanceof AppError &&
        error.code === 'INSUFFICIENT_CREDITS' &&
        typeof required === 'number'
      ) {
        const [oldest] = this.#prices.keys();
        if (this.#prices.size >= MAX_REMEMBERED && oldest !== undefined) this.#prices.delete(oldest);
        this.#prices.set(id, fromCredits(required));
      }
      throw error;
    }
  }
}
