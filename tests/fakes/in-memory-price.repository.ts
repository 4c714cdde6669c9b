import type { Counted, Slice } from '../../src/domain/listing.js';
import type { NewPriceVersion, PricePreset, PricePresetName, PriceVersion } from '../../src/domain/money.js';
import type { PriceRepository } from '../../src/domain/repositories/ledger.repository.js';
import { notFound } from '../../src/errors/common-errors.js';
import type { InMemoryStore } from './in-memory-store.js';

const presetOf = ({ preset, version, prices }: PriceVersion): PricePreset => ({ preset, version, prices });

/** Price presets in memory. */
export class InMemoryPriceRepository implements PriceRepository {
  readonly #store: InMemoryStore;

  constructor(store: InMemoryStore) {
    this.#store = store;
  }

  async current(preset: PricePresetName, at = this.#store.now()): Promise<PricePreset> {
    const newest = this.#newestFirst(preset).find(({ effectiveFrom }) => (effectiveFrom ?? 0) <= at);
    if (!newest) throw notFound('Price preset', preset);
    return presetOf(newest);
  }

  async version(preset: string, version: number): Promise<PricePreset> {
    const row = this.#store.prices.get(`${preset} ${version}`);
    if (!row) throw notFound('Price preset', `${preset} version ${version}`);
    return presetOf(row);
  }

  async presets(): Promise<readonly PricePresetName[]> {
    return [...new Set([...this.#store.prices.values()].map(({ preset }) => preset))].sort();
  }

  async page(preset: PricePresetName | null, { offset, limit }: Slice): Promise<Counted<PriceVersion>> {
    const rows = this.#newestFirst(preset);
    return { rows: rows.slice(offset, offset + limit), total: rows.length };
  }

  async lock(): Promise<void> {
    // Transactions run one after another.
  }

  async create(added: NewPriceVersion): Promise<PriceVersion> {
    const version = Math.max(0, ...this.#newestFirst(added.preset).map((row) => row.version)) + 1;
    const row = { ...added, version, createdAt: this.#store.now() };
    this.#store.prices.set(`${added.preset} ${version}`, row);
    return row;
  }

  #newestFirst(preset: PricePresetName | null): PriceVersion[] {
    return [...this.#store.prices.values()]
      .filter((row) => preset === null || row.preset === preset)
      .sort((a, b) => Number(b.effectiveFrom) - Number(a.effectiveFrom) || b.version - a.version);
  }
}
