import type { PricePreset, PricePresetName } from '../../src/domain/money.js';
import type { PriceRepository } from '../../src/domain/repositories/ledger.repository.js';
import { notFound } from '../../src/errors/common-errors.js';
import type { InMemoryStore } from './in-memory-store.js';

/** Price presets in memory. */
export class InMemoryPriceRepository implements PriceRepository {
  readonly #store: InMemoryStore;

  constructor(store: InMemoryStore) {
    this.#store = store;
  }

  async current(preset: PricePresetName): Promise<PricePreset> {
    const versions = [...this.#store.prices.values()].filter((row) => row.preset === preset);
    const newest = versions.sort((a, b) => b.version - a.version).at(0);
    if (!newest) throw notFound('Price preset', preset);
    return newest;
  }

  async version(preset: string, version: number): Promise<PricePreset> {
    const row = this.#store.prices.get(`${preset} ${version}`);
    if (!row) throw notFound('Price preset', `${preset} version ${version}`);
    return row;
  }
}
