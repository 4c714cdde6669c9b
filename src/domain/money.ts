import { AppError } from '../errors/app-error.js';

/** Integer micro-credits: 1 credit = 1 000 000. Money is only stored and added in this form. */
export type MicroCredits = bigint;

const MICRO_PER_CREDIT = 1_000_000;

/** Largest single amount: 1 000 000 000 credits, far below the limit of exact JSON numbers. */
export const MAX_CREDITS = 1_000_000_000;

/** Largest balance after a recharge: 8 000 000 000 credits. Below 2^33, doubles represent all six decimals exactly. */
const MAX_BALANCE: MicroCredits = 8_000_000_000n * BigInt(MICRO_PER_CREDIT);

/** Converts micro-credits to the JSON number of credits in the API; exact to six decimals. */
export function toCredits(micro: MicroCredits): number {
  return Number(micro) / MICRO_PER_CREDIT;
}

/**
 * Whether `value` has at most `decimals` decimals. Dividing the rounded integer gives the double nearest to that
 * decimal number, so the comparison is exact: 1e-12 is not accepted as 0.
 */
export function hasDecimals(value: number, decimals: number): boolean {
  const scale = 10 ** decimals;
  return Number.isFinite(value) && Math.round(value * scale) / scale === value;
}

/**
 * Converts credits from a client to micro-credits.
 * @throws AppError INVALID_AMOUNT when the number is not finite, too large, or has more than six decimals
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

/** State of a hold: pending until its job or session captures the used part or releases all of it. An upload
 * releases its hold when it ends, and its charge is a row of its own. */
export const HOLD_STATES = ['pending', 'captured', 'released'] as const;
/** See {@link HOLD_STATES}. */
export type HoldState = (typeof HOLD_STATES)[number];

/** One immutable row of the ledger. */
export interface LedgerEntry {
  readonly id: string;
  readonly userId: string;
  readonly jobId: string | null;
  /** Session of live servoing that it belongs to. */
  readonly sessionId: string | null;
  /** Upload in several requests that it belongs to. */
  readonly uploadId: string | null;
  readonly kind: LedgerKind;
  /** State of a hold, from the status of its job, session or upload when the row was read; `null` for other kinds. */
  readonly hold: HoldState | null;
  /** Amount held, captured and so on; never negative. */
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
  /** Warnings for the user. */
  readonly warnings?: readonly string[];
}

/** One line of a {@link Quote}. */
interface QuoteLine {
  readonly unit: PriceUnit;
  readonly count: number;
  readonly unitPrice: MicroCredits;
  readonly amount: MicroCredits;
}

/** Billable units; see the price list in the docs. */
export const PRICE_UNITS = [
  'upload.image',
  'upload.video_frame',
  'upload.zip_file',
  'inference.image',
  'inference.video_frame',
] as const;
/** See {@link PRICE_UNITS}. */
export type PriceUnit = (typeof PRICE_UNITS)[number];

/** Counts by unit, computed by a task's `units`. */
export type BillableUnits = Readonly<Partial<Record<PriceUnit, number>>>;

/** Name of a price preset. Tasks and uploads declare which preset they are billed by; migrations add presets. */
export type PricePresetName = string;

/** One version of a price preset. */
export interface PricePreset {
  readonly preset: PricePresetName;
  readonly version: number;
  /** Only for units that the preset's users count. */
  readonly prices: Readonly<Partial<Record<PriceUnit, MicroCredits>>>;
}

/** A version of a preset with its history. */
export interface PriceVersion extends PricePreset {
  /** Null for the prices that the product comes with. */
  readonly effectiveFrom: Date | null;
  readonly createdAt: Date | null;
  /** E-mail of the admin. */
  readonly createdBy: string | null;
  readonly note: string;
}

/** A version to add; it gets the next number. */
export interface NewPriceVersion extends Omit<PricePreset, 'version'> {
  readonly effectiveFrom: Date;
  readonly createdBy: string;
  readonly note: string;
}

/**
 * Price of a unit.
 * @throws AppError PRICE_MISSING (internal) when the preset has no price for the unit
 */
export function priceOf({ preset, version, prices }: PricePreset, unit: PriceUnit): MicroCredits {
  const price = prices[unit];
  if (price !== undefined) return price;
  throw new AppError('PRICE_MISSING', {
    message: `The price preset ${preset} version ${String(version)} has no price for ${unit}.`,
  });
}

/** Quotes `units` with the prices of `preset`. Pure; used for quotes, holds and captures. */
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
