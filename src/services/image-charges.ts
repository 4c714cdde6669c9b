import { insufficientCredits } from '../domain/insufficient-credits.js';
import {
  quote,
  type MicroCredits,
  type PricePreset,
  type PricePresetName,
  type Quote,
} from '../domain/money.js';
import type { TransactionScope, UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Principal } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import { requireBalance } from './pricing.service.js';

/** One charge for processed images. */
export interface ImageCharge {
  readonly userId: string;
  /** Number of images processed; each gets one ledger row. */
  readonly images: number;
  readonly description: string;
}

/** The payer. The balance is read from the database unless the principal carries a recent one. */
export type Payer = Pick<Principal, 'userId' | 'balance'>;

interface Waiting extends ImageCharge {
  resolve(): void;
  reject(error: unknown): void;
}

const UNIT = 'inference.image';
/**
 * Prices are cached for this long: they change rarely, and reading them for each image would cost more than
 * the inference.
 */
const PRICES_FRESH_MS = 1000;
/** Maximum charges per SQL statement. */
const MAX_BATCH = 64;

/**
 * Charges for synchronous inference: the balance is checked first, then the work runs, then it is charged.
 * Work that fails or is cancelled is free.
 * Pending charges of one account are written in one statement, since the lock on its balance would serialise
 * them anyway.
 */
export class ImageCharges {
  #preset: { readonly value: Promise<PricePreset>; readonly until: number } | undefined;
  readonly #waiting = new Map<string, Waiting[]>();

  readonly #unitOfWork: UnitOfWork;
  readonly #presetName: PricePresetName;

  /** @param presetName price preset of the work, the same as that of the corresponding jobs */
  constructor(unitOfWork: UnitOfWork, presetName: PricePresetName) {
    this.#unitOfWork = unitOfWork;
    this.#presetName = presetName;
  }

  /** The price of this number of images. */
  async quote(images: number): Promise<Quote> {
    return quote(await this.#prices(), { [UNIT]: images });
  }

  /** Checks that the balance covers the images. @throws AppError INSUFFICIENT_CREDITS */
  async requireCredits({ userId, balance }: Payer, images: number): Promise<void> {
    const { total } = await this.quote(images);
    if (balance === undefined) await requireBalance(this.#unitOfWork.read.users, userId, total);
    else if (balance < total) throw insufficientCredits(balance, total);
  }

  /**
   * Charges after the work. @throws AppError INSUFFICIENT_CREDITS when the balance was spent meanwhile;
   * nothing is charged then
   */
  async capture(charge: ImageCharge): Promise<void> {
    if (charge.images === 0 || (await this.#each()) === 0n) return;
    await new Promise<void>((resolve, reject) => {
      const queue = this.#waiting.get(charge.userId);
      queue?.push({ ...charge, resolve, reject });
      if (queue) return;
      this.#waiting.set(charge.userId, [{ ...charge, resolve, reject }]);
      void this.#drain(charge.userId);
    });
  }

  /** Charges within the caller's transaction. @throws AppError INSUFFICIENT_CREDITS */
  async captureIn({ ledger }: Pick<TransactionScope, 'ledger'>, charge: ImageCharge): Promise<void> {
    const rows = rowsOf(charge, await this.#each());
    if (rows.length > 0) await ledger.appendAll(charge.userId, rows);
  }

  async #prices(): Promise<PricePreset> {
    const now = performance.now();
    if (this.#preset && now < this.#preset.until) return this.#preset.value;
    // The promise is cached, so that concurrent callers share one query.
    const preset = {
      value: this.#unitOfWork.read.prices.current(this.#presetName),
      until: now + PRICES_FRESH_MS,
    };
    this.#preset = preset;
    preset.value.catch(() => {
      if (this.#preset === preset) this.#preset = undefined;
    });
    return preset.value;
  }

  async #each(): Promise<MicroCredits> {
    return quote(await this.#prices(), { [UNIT]: 1 }).total;
  }

  /** Writes the pending charges of one account until none are left. */
  async #drain(userId: string): Promise<void> {
    for (;;) {
      const batch = this.#waiting.get(userId)?.splice(0, MAX_BATCH) ?? [];
      if (batch.length === 0) break;
      await this.#write(userId, batch);
    }
    this.#waiting.delete(userId);
  }

  async #write(userId: string, batch: readonly Waiting[]): Promise<void> {
    try {
      const each = await this.#each();
      const rows = batch.flatMap((charge) => rowsOf(charge, each));
      // A single statement is atomic without a transaction.
      await this.#unitOfWork.read.ledger.appendAll(userId, rows);
      batch.forEach(({ resolve }) => resolve());
    } catch (error) {
      const short = error instanceof AppError && error.kind === 'insufficient_credits';
      // The balance does not cover the whole batch, but may cover some of its charges.
      if (short && batch.length > 1) for (const charge of batch) await this.#write(userId, [charge]);
      else batch.forEach(({ reject }) => reject(error));
    }
  }
}

function rowsOf({ images, description }: ImageCharge, each: MicroCredits) {
  const row = { kind: 'capture', amount: each, delta: -each, description } as const;
  return Array.from({ length: each === 0n ? 0 : images }, () => row);
}
