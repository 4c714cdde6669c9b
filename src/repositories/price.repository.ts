import type { PriceDao } from '../dao/price.dao.js';
import type { PricePreset, PricePresetName } from '../domain/money.js';
import type { PriceRepository } from '../domain/repositories/ledger.repository.js';
import { notFound } from '../errors/common-errors.js';

/** Price presets in PostgreSQL. */
export class PostgresPriceRepository implements PriceRepository {
  readonly #prices: PriceDao;

  constructor(prices: PriceDao) {
    this.#prices = prices;
  }

  async current(preset: PricePresetName): Promise<PricePreset> {
    const newest = await this.#prices.newestVersion(preset);
    if (newest === null) throw notFound('Price preset', preset);
    return this.version(preset, newest);
  }

  async version(preset: string, version: number): Promise<PricePreset> {
    const rows = await this.#prices.listVersion(preset, version);
    if (rows.length === 0) throw notFound('Price preset', `${preset} version ${version}`);
    const prices = Object.fromEntries(rows.map(({ unit, micro }) => [unit, micro]));
    return { preset, version, prices };
  }
}
