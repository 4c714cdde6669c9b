import type { Counted, Slice } from '../domain/listing.js';
import type { MicroCredits, PricePresetName, PriceUnit, PriceVersion } from '../domain/money.js';
import type { OutcomeRecord } from '../domain/outcome-record.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Principal } from '../domain/user.js';
import { validationFailed } from '../errors/common-errors.js';

/** How far ahead prices can be set. */
const MAX_AHEAD_DAYS = 366;
const DAY_MS = 86_400_000;
/** Scheduled versions that the list shows for each preset. */
const MAX_SCHEDULED = 20;

/** New prices; units that are left out keep the price that applies at that time. */
export interface PriceChange {
  readonly preset: PricePresetName;
  readonly prices: Readonly<Partial<Record<PriceUnit, MicroCredits>>>;
  /** Now unless given. */
  readonly effectiveFrom?: Date;
  readonly note: string;
}

/** Prices that apply now, and those that have been scheduled. */
export interface PriceListEntry {
  readonly current: PriceVersion;
  /** The next one first. */
  readonly scheduled: readonly PriceVersion[];
}

/** The price list and its versions. Jobs and sessions keep the version that they were quoted with. */
export class PriceListService {
  readonly #unitOfWork: UnitOfWork;
  readonly #now: () => Date;

  constructor(unitOfWork: UnitOfWork, now: () => Date = () => new Date()) {
    this.#unitOfWork = unitOfWork;
    this.#now = now;
  }

  /** All presets with the versions that apply now and the next ones. */
  async list(): Promise<readonly PriceListEntry[]> {
    const { prices } = this.#unitOfWork.read;
    return Promise.all(
      (await prices.presets()).map(async (preset) => {
        const { version } = await prices.current(preset);
        const { rows } = await prices.page(preset, { offset: 0, limit: MAX_SCHEDULED + 1 });
        const at = rows.findIndex((row) => row.version === version);
        const current = at < 0 ? await this.#find(preset, version) : rows[at];
        return { current, scheduled: rows.slice(0, at < 0 ? MAX_SCHEDULED : at).reverse() };
      }),
    );
  }

  /** Versions of one preset or of all, by the time at which they take effect, newest first. */
  history(preset: PricePresetName | undefined, slice: Slice): Promise<Counted<PriceVersion>> {
    return this.#unitOfWork.read.prices.page(preset ?? null, slice);
  }

  /** Adds a version. @throws AppError VALIDATION for an unknown preset or unit, or a time in the past. */
  async create(
    { email }: Principal,
    { preset, note, ...change }: PriceChange,
    kept?: OutcomeRecord<PriceVersion>,
  ): Promise<PriceVersion> {
    const effectiveFrom = this.#requireTime(change.effectiveFrom);
    return this.#unitOfWork.run(async (scope) => {
      const { prices } = scope;
      const presets = await prices.presets();
      if (!presets.includes(preset))
        throw invalid('/preset', `must be one of ${presets.join(', ')}, not "${preset}"`);
      await prices.lock();
      const before = await prices.current(preset, effectiveFrom);
      for (const unit of Object.keys(change.prices))
        if (!Object.hasOwn(before.prices, unit))
          throw invalid(`/prices/${unit}`, `is not charged by the preset ${preset}`);
      const all = { ...before.prices, ...change.prices };
      const version = await prices.create({ preset, prices: all, effectiveFrom, createdBy: email, note });
      await kept?.record(scope, version);
      return version;
    });
  }

  #requireTime(given: Date | undefined): Date {
    const now = this.#now();
    if (given === undefined) return now;
    const days = (given.getTime() - now.getTime()) / DAY_MS;
    if (days >= 0 && days <= MAX_AHEAD_DAYS) return given;
    throw invalid('/effectiveFrom', `must be in the future, at most ${String(MAX_AHEAD_DAYS)} days ahead`);
  }

  async #find(preset: PricePresetName, version: number): Promise<PriceVersion> {
    const { prices } = await this.#unitOfWork.read.prices.version(preset, version);
    return { preset, version, prices, effectiveFrom: null, createdAt: null, createdBy: null, note: '' };
  }
}

const invalid = (pointer: string, message: string) =>
  validationFailed([{ pointer, message, code: 'INVALID' }]);
