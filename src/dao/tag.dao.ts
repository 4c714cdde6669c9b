import { Dao } from './dao.js';

/** Table `tags`: predefined tags. */
export class TagDao extends Dao {
  async names(): Promise<string[]> {
    const tags = await this.models.tags.findAll({ attributes: ['name'], transaction: this.transaction });
    return tags.map((tag) => tag.get('name') as string);
  }
}
