import { Dao } from './dao.js';

/** Table `tags`: the predefined tags. */
export class TagDao extends Dao {
  /** Names in alphabetical order. */
  async listNames(): Promise<string[]> {
    const tags = await this.models.tags.findAll({ order: [['name', 'ASC']], transaction: this.transaction });
    return tags.map((tag) => tag.getDataValue('name'));
  }
}
