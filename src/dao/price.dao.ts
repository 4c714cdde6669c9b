import type { PriceRow } from '../models/price.model.js';
import { Dao } from './dao.js';

/** Table `prices`. */
export class PriceDao extends Dao {
  /** The highest version of a preset, or null when it has none. */
  async newestVersion(preset: string): Promise<number | null> {
    const version: number | null = await this.models.prices.max('version', {
      where: { preset },
      transaction: this.transaction,
    });
    return version;
  }

  async listVersion(preset: string, version: number): Promise<PriceRow[]> {
    const prices = await this.models.prices.findAll({
      where: { preset, version },
      transaction: this.transaction,
    });
    return prices.map((price) => price.get({ plain: true }));
  }
}
