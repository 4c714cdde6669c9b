import { AppError } from '../errors/app-error.js';

/** Integer micro-credits: 1 credit = 1 000 000. The only form in which money is stored or added. */
export type MicroCredits = bigint;

const MICRO_PER_CREDIT = 1_000_000;

/** Largest amount accepted at once: 1 000 000 000 credits, far below what a JSON number holds exactly. */
export const MAX_CREDITS = 1_000_000_000;

/** Largest balance that a recharge may lead to: 8 000 000 000 credits, below 2^33, up to which JSON numbers tell all six decimals apart. */
const MAX_BALANCE: MicroCredits = 8_000_000_000n * BigInt(MICRO_PER_CREDIT);

/** Micro-credits as the JSON number of credits that the API shows; exact to six decimals. */
export function toCredits(micro: MicroCredits): number {
  return Number(micro) / MICRO_PER_CREDIT;
}

/**
 * Whether `value` is written with at most `decimals` decimals. Dividing the rounded integer gives the double that is nearest
 * to that decimal number, so the comparison is exact: 1e-12 does not pass for 0.
 */
export function hasDecimals(value: number, decimals: number): boolean {
  const scale = 10 ** decimals;
  return Number.isFinite(value) && Math.round(value * scale) / scale === value;
}

/**
 * Credits from a client as micro-credits.
 * @throws AppError INVALID_AMOUNT when the number is not finite, too large, or has more than six decimals.
 */
export function fromCredits(credits: number): MicroCredits {
  if (!hasDecimals(credits, 6) || Math.abs(credits) > MAX_CREDITS) {
    throw new AppError('INVALID_AMOUNT', {
      message: `${credits} is not an amount of credits with at most six decimals and at most ${MAX_CREDITS}.`,
    });
  }
  return BigInt(Math.round(credits * MICRO_PER_CREDIT));
}

/** @throws AppError INVALID_AMOUNT for a balance above {@link MAX_BALANCE}. */
export function requireHoldable(balance: MicroCredits): void {
  if (balance <= MAX_BALANCE) return;
  throw new AppError('INVALID_AMOUNT', {
    message: `The balance would be ${toCredits(balance)} credits; an account holds at most ${toCredits(MAX_BALANCE)}.`,
  });
}

/** Kinds of ledger rows. `delta` of a row is its effect on the balance: hold −, release +, capture 0. */
export type LedgerKind = 'grant' | 'recharge' | 'upload' | 'hold' | 'capture' | 'release' | 'refund';

/** State of a hold: it is pending until its job captures what it used or releases everything. */
export const HOLD_STATES = ['pending', 'captured', 'released'] as const;
/** See {@link HOLD_STATES}. */
export type HoldState = (typeof HOLD_STATES)[number];

/** One immutable row of the ledger. */
export interface LedgerEntry {
  readonly id: string;
  readonly userId: string;
  readonly jobId: string | null;
  readonly kind: LedgerKind;
  /** Of a hold, by the status of its job when the row was read; null for all other kinds. */
  readonly hold: HoldState | null;
  /** The credits that were held, captured and so on; never negative. */
  readonly amount: MicroCredits;
  /** Change of the balance; the balance is the sum of all deltas. */
  readonly delta: MicroCredits;
  readonly balanceBefore: MicroCredits;
  readonly balanceAfter: MicroCredits;
  readonly description: string;
  readonly createdAt: Date;
}

/** A quoted price: units times unit price, computed by the pricing code that also charges. */
export interface Quote {
  readonly preset: string;
  readonly version: number;
  readonly lines: readonly QuoteLine[];
  readonly total: MicroCredits;
  /** What the user should know besides the price. */
  readonly warnings?: readonly string[];
}

/** One line of a {@link Quote}. */
interface QuoteLine {
  readonly unit: PriceUnit;
  readonly count: number;
  readonly unitPrice: MicroCredits;
  readonly amount: MicroCredits;
}

/** What is counted and priced; see the price list in docs. */
export const PRICE_UNITS = [
  'upload.image',
  'upload.video_frame',
  'upload.zip_file',
  'inference.image',
  'inference.video_frame',
] as const;
/** See {@link PRICE_UNITS}. */
export type PriceUnit = (typeof PRICE_UNITS)[number];

/** Counts by unit, made by a task's `units`. */
export type BillableUnits = Readonly<Partial<Record<PriceUnit, number>>>;

/** Name of a price preset: tasks and uploads say by which one they are billed, migrations add them. */
export type PricePresetName = string;

/** One version of a price preset. */
export interface PricePreset {
  readonly preset: PricePresetName;
  readonly version: number;
  /** Only of what the preset's users count. */
  readonly prices: Readonly<Partial<Record<PriceUnit, MicroCredits>>>;
}

/** @throws AppError PRICE_MISSING (internal) for a unit that the preset has no price for. */
export function priceOf({ preset, version, prices }: PricePreset, unit: PriceUnit): MicroCredits {
  const price = prices[unit];
  if (price !== undefined) return price;
  throw new AppError('PRICE_MISSING', {
    message: `The price preset ${preset} version ${String(version)} has no price for ${unit}.`,
  });
}

/** Quotes `units` with the prices of `preset`. Pure: the same call quotes, holds and captures. */
export function quote(preset: PricePreset, units: BillableUnits): Quote {
  const lines = (Object.entries(units) as [PriceUnit, number][])
    .filter(([, count]) => count > 0)
    .map(([unit, count]) => {
      const unitPrice = priceOf(preset, unit);
      return { unit, count, unitPrice, amount: unitPrice * BigInt(count) };
    });
  const total = lines.reduce((sum, line) => sum + line.amount, 0n);
  return { preset: preset.preset, version: preset.version, lines, total };
}
