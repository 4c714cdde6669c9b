import type { PriceDao, PriceVersionRow } from '../dao/price.dao.js';
import type { Counted, Slice } from '../domain/listing.js';
import type { NewPriceVersion, PricePreset, PricePresetName, PriceVersion } from '../domain/money.js';
import type { PriceRepository } from '../domain/repositories/ledger.repository.js';
import { notFound } from '../errors/common-errors.js';

function toVersion({ micros, ...row }: PriceVersionRow): PriceVersion {
  const prices = Object.fromEntries(Object.entries(micros).map(([unit, micro]) => [unit, BigInt(micro)]));
  return { ...row, prices };
}

/** Price presets in PostgreSQL. */
export class PostgresPriceRepository implements PriceRepository {
  readonly #prices: PriceDao;

  constructor(prices: PriceDao) {
    this.#prices = prices;
  }

  async current(preset: PricePresetName, at?: Date): Promise<PricePreset> {
    const row = await this.#prices.effective(preset, at);
    if (row === null) throw notFound('Price preset', preset);
    const { version, prices } = toVersion(row);
    return { preset, version, prices };
  }

  async version(preset: string, version: number): Promise<PricePreset> {
    const row = await this.#prices.version(preset, version);
    if (row === null) throw notFound('Price preset', `${preset} version ${version}`);
    return { preset, version, prices: toVersion(row).prices };
  }

  presets(): Promise<readonly PricePresetName[]> {
    return this.#prices.presets();
  }

  async page(preset: string | null, slice: Slice): Promise<Counted<PriceVersion>> {
    const { rows, total } = await this.#prices.page(preset, slice);
    return { rows: rows.map(toVersion), total };
  }

  lock(): Promise<void> {
    return this.#prices.lock();
  }

  async create({ prices, ...version }: NewPriceVersion): Promise<PriceVersion> {
    const micros = Object.fromEntries(Object.entries(prices).map(([unit, micro]) => [unit, String(micro)]));
    const number = await this.#prices.insert(version, micros);
    const row = await this.#prices.version(version.preset, number);
    if (row === null) throw notFound('Price preset', `${version.preset} version ${number}`);
    return toVersion(row);
  }
}
