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

/** What is to be paid for. */
export interface ImageCharge {
  readonly userId: string;
  /** Images that were really computed; one row of the ledger each. */
  readonly images: number;
  readonly description: string;
}

/** Who pays; the balance is asked for where it is not known from a moment ago. */
export type Payer = Pick<Principal, 'userId' | 'balance'>;

interface Waiting extends ImageCharge {
  resolve(): void;
  reject(error: unknown): void;
}

const UNIT = 'inference.image';
/** Prices change by hand and by version; asking for them with every image would cost more than the image. */
const PRICES_FRESH_MS = 1000;
/** Rows of one statement. */
const MOST_TOGETHER = 64;

/**
 * Charges for synchronous classifications: first the balance is checked, then the work is done,
 * then it is paid for. What fails or is cut off in between costs nothing.
 *
 * Charges of one account that come together are written together: the lock of its balance would let them through one
 * by one anyway.
 */
export class ImageCharges {
  #preset: { readonly value: Promise<PricePreset>; readonly until: number } | undefined;
  readonly #waiting = new Map<string, Waiting[]>();

  readonly #unitOfWork: UnitOfWork;
  readonly #presetName: PricePresetName;

  /** @param preset prices of the work: those of jobs that do the same */
  constructor(unitOfWork: UnitOfWork, presetName: PricePresetName) {
    this.#unitOfWork = unitOfWork;
    this.#presetName = presetName;
  }

  /** The price of so many images. */
  async quote(images: number): Promise<Quote> {
    return quote(await this.#prices(), { [UNIT]: images });
  }

  /** Refuses work that the balance does not cover. @throws AppError INSUFFICIENT_CREDITS */
  async requireCredits({ userId, balance }: Payer, images: number): Promise<void> {
    const { total } = await this.quote(images);
    if (balance === undefined) await requireBalance(this.#unitOfWork.read.users, userId, total);
    else if (balance < total) throw insufficientCredits(balance, total);
  }

  /** @throws AppError INSUFFICIENT_CREDITS when the balance went to something else meanwhile; nothing is charged then */
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

  /** Charges within a transaction of the caller's. @throws AppError INSUFFICIENT_CREDITS */
  async captureIn({ ledger }: Pick<TransactionScope, 'ledger'>, charge: ImageCharge): Promise<void> {
    const rows = rowsOf(charge, await this.#each());
    if (rows.length > 0) await ledger.appendAll(charge.userId, rows);
  }

  async #prices(): Promise<PricePreset> {
    const now = performance.now();
    if (this.#preset && now < this.#preset.until) return this.#preset.value;
    // Those who come while they are asked for wait for the same answer.
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

  /** Writes what waits for one account until nothing waits any more. */
  async #drain(userId: string): Promise<void> {
    for (;;) {
      const together = this.#waiting.get(userId)?.splice(0, MOST_TOGETHER) ?? [];
      if (together.length === 0) break;
      await this.#write(userId, together);
    }
    this.#waiting.delete(userId);
  }

  async #write(userId: string, together: readonly Waiting[]): Promise<void> {
    try {
      const each = await this.#each();
      const rows = together.flatMap((charge) => rowsOf(charge, each));
      // One statement, which needs no transaction around it.
      await this.#unitOfWork.read.ledger.appendAll(userId, rows);
      together.forEach(({ resolve }) => resolve());
    } catch (error) {
      const short = error instanceof AppError && error.kind === 'insufficient_credits';
      // All together are too many; some of them may still be paid for.
      if (short && together.length > 1) for (const charge of together) await this.#write(userId, [charge]);
      else together.forEach(({ reject }) => reject(error));
    }
  }
}

function rowsOf({ images, description }: ImageCharge, each: MicroCredits) {
  const row = { kind: 'capture', amount: each, delta: -each, description } as const;
  return Array.from({ length: each === 0n ? 0 : images }, () => row);
}
